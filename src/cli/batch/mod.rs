//! Many repositories from the command line: arguments in, a line for each repository on stderr, an exit code that
//! schedulers understand.

use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use anyhow::{Context, Result, bail};

mod publish;

use super::args::batch::{Batch, Command};
use super::args::batch::{Machine, Merge, Plan, Resume, Status, StatusFormat};

use super::console::Console;
use super::exit::Exit;
use super::interrupt::{STOP, Whole};
use super::rules;
use super::verifiers::Verifiers;
use crate::batch::{
    Cache, Campaign, Entry, Limits, Manifest, Repairs, Runner, Shard, State, Summary, TEMPLATE, Terms, Turn,
    check_template, detect_shard, look, summarize,
};
use crate::report::write_json_line;
use crate::transforms::suite;

pub fn batch(args: &Batch, console: &Console) -> Result<Exit> {
    // Ctrl-C then asks the run to end, rather than ending us under its children.
    let _whole = Whole::writing();
    match &args.command {
        Command::Plan(args) => plan(args, console),
        Command::Resume(args) => resume(args, console),
        Command::Status(args) => status(args, console),
        Command::Publish(args) => publish::publish(args, console),
        Command::Rollback(args) => publish::roll_back(args, console),
        Command::Merge(args) => merge(args, console),
        Command::Worker => work(),
    }
}

fn work() -> Result<Exit> {
    let mut input = Vec::new();
    io::stdin().read_to_end(&mut input).context("cannot read stdin")?;
    crate::batch::work(&input, suite())?;
    Ok(Exit::Clean)
}

fn plan(args: &Plan, console: &Console) -> Result<Exit> {
    let manifest = manifest(&args.manifest)?;
    let terms = terms(args, &manifest, console)?;
    let mut campaign = Campaign::begin(&args.out, terms, &manifest)?;
    if args.refresh {
        campaign
            .ledger
            .reset(&[State::Repaired, State::Clean, State::OptedOut])?;
    }
    run(&mut campaign, &args.machine, console)
}

fn manifest(path: &Path) -> Result<Manifest> {
    let (text, base) = match path == Path::new("-") {
        true => (
            io::read_to_string(io::stdin()).context("cannot read stdin")?,
            Path::new(""),
        ),
        false => {
            let text =
                fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
            (text, path.parent().unwrap_or(Path::new("")))
        }
    };
    let base = std::path::absolute(Path::new(".").join(base)).context("cannot tell the current folder")?;
    Manifest::parse(&text, &base).with_context(|| format!("cannot use the manifest `{}`", path.display()))
}

fn terms(args: &Plan, manifest: &Manifest, console: &Console) -> Result<Terms> {
    for names in [&args.select, &args.ignore, &args.fixable, &args.unfixable] {
        rules::known(names)?;
    }
    let template = match &args.template {
        Some(path) => {
            fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?
        }
        None => TEMPLATE.to_owned(),
    };
    check_template(&template)?;
    let judges = Verifiers::find(args.verify, false)?;
    if judges.toolchain.is_some() {
        bail!("a campaign runs no builds or tests of its repositories; use --verify auto, syntax or gofmt");
    }
    let gofmt = judges.gofmt.is_some();
    if !gofmt && args.verify == super::args::Verify::Auto {
        console.note("gofmt was not found, so only the built-in checker judges the results");
    }
    Ok(Terms {
        campaign: args.campaign.clone(),
        repairs: Repairs {
            select: args.select.clone(),
            ignore: args.ignore.clone(),
            fixable: args.fixable.clone(),
            unfixable: args.unfixable.clone(),
            min_confidence: args.min_confidence.into(),
            unsafe_fixes: args.unsafe_fixes,
            tests: args.tests,
            gofmt,
        },
        template,
        manifest: manifest.digest(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        shard: shard(args.shard.as_deref(), console)?,
    })
}

fn shard(given: Option<&str>, console: &Console) -> Result<Option<Shard>> {
    match given {
        None => Ok(None),
        Some("auto") => {
            let (shard, told) = detect_shard(|name| std::env::var(name).ok())?;
            console.note(&told);
            Ok(Some(shard))
        }
        Some(text) => Ok(Some(text.parse()?)),
    }
}

fn resume(args: &Resume, console: &Console) -> Result<Exit> {
    let mut campaign = Campaign::open(&args.folder.folder)?;
    run(&mut campaign, &args.machine, console)
}

/// Does what is left to do, and sums up.
fn run(campaign: &mut Campaign, machine: &Machine, console: &Console) -> Result<Exit> {
    if let Some(note) = memory_note(machine.memory, std::env::consts::OS) {
        console.note(note);
    }
    campaign.ledger.reset(&[State::Retryable])?;
    if machine.retry_failed {
        campaign.ledger.reset(&[State::Failed])?;
    }
    let entries = campaign.ledger.entries()?;
    let total = entries.len();
    let done = AtomicUsize::new(entries.iter().filter(|entry| is_done(entry.state)).count());
    let voice = Mutex::new(());
    let progress = |entry: &Entry, turn: &Turn| {
        let _turn = voice.lock();
        let number = done.fetch_add(1, Ordering::Relaxed) + 1;
        console.status(&format!("[{number}/{total}] {}", line(entry, turn)));
    };
    let program = [
        std::env::current_exe().context("cannot find this program to start workers")?,
        PathBuf::from("batch"),
        PathBuf::from("worker"),
    ];
    let runner = Runner {
        limits: limits(machine),
        cache: Cache {
            folder: cache(machine.cache.as_deref())?,
            largest: machine.max_size,
        },
        program: &program,
        stop: &STOP,
        progress: &progress,
    };
    runner.run(campaign)?;
    let entries = campaign.ledger.entries()?;
    let summary = summarize(&campaign.folder, &campaign.terms, &entries)?;
    console.status(&closing(&summary, &campaign.folder));
    Ok(exit(entries.iter().map(|entry| entry.state)))
}

fn is_done(state: State) -> bool {
    state.is_settled() || state == State::Failed
}

fn limits(machine: &Machine) -> Limits {
    let processors = available_parallelism().map_or(1, usize::from);
    let jobs = match machine.jobs {
        0 => processors,
        jobs => jobs,
    };
    Limits {
        timeout: machine.timeout,
        memory: (machine.memory > 0).then_some(machine.memory),
        jobs,
        threads: processors.div_ceil(jobs),
    }
}

/// What people must know who count on a limit that their system does not set.
fn memory_note(memory: u64, system: &str) -> Option<&'static str> {
    (memory > 0 && system != "linux").then_some(
        "--memory has no effect on this system, only on Linux: a repair may take all memory until --timeout ends it",
    )
}

/// Where clones are kept.
fn cache(given: Option<&Path>) -> Result<PathBuf> {
    let set = |name: &str| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    let folder = given
        .map(Path::to_owned)
        .or_else(|| Some(set("XDG_CACHE_HOME")?.join("unleak")))
        .or_else(|| Some(set("LOCALAPPDATA")?.join("unleak")))
        .or_else(|| Some(set("HOME")?.join(".cache/unleak")));
    let folder = folder.context("cannot tell where to keep clones; pass --cache DIR")?;
    std::path::absolute(folder).context("cannot tell the current folder")
}

fn line(entry: &Entry, turn: &Turn) -> String {
    let name = &entry.name;
    match turn.state {
        State::Repaired | State::Clean if turn.findings == 0 => format!("{name}: no leaks found"),
        State::Repaired | State::Clean => {
            format!("{name}: {} of {} findings repaired", turn.fixed, turn.findings)
        }
        State::Retryable => format!("{name}: {} (may do better next time)", turn.message),
        state => format!("{name}: {state}: {}", turn.message),
    }
}

fn closing(summary: &Summary, folder: &Path) -> String {
    let total = summary.total();
    let failed = summary.count(&[State::Failed, State::Retryable]);
    let open = summary.count(&[State::Pending, State::Running]);
    let mut text = format!(
        "{} of {} repositories repaired, {failed} failed",
        summary.count(&[State::Repaired]),
        summary.repositories.len(),
    );
    if open > 0 {
        text.push_str(&format!(", {open} not done"));
    }
    let page = folder.join("report").join("index.html");
    format!(
        "{text}. {} findings: {} repaired, {} refused, {} left. See {}",
        total.findings,
        total.fixed,
        total.refused,
        total.left,
        page.display()
    )
}

/// 2 for what stays broken, 75 where another run can help, else 0.
fn exit(states: impl Iterator<Item = State>) -> Exit {
    let mut is_retryable = false;
    for state in states {
        match state {
            State::Failed => return Exit::Trouble,
            State::Retryable | State::Pending | State::Running => is_retryable = true,
            State::Repaired | State::Clean | State::OptedOut => {}
        }
    }
    match is_retryable {
        true => Exit::Retry,
        false => Exit::Clean,
    }
}

fn status(args: &Status, console: &Console) -> Result<Exit> {
    let (ledger, terms) = look(&args.folder.folder)?;
    if args.journal {
        let events = ledger.events()?;
        console.product(None, |out| {
            for event in &events {
                match args.format {
                    StatusFormat::Jsonl => write_json_line(out, event)?,
                    StatusFormat::Text => {
                        writeln!(
                            out,
                            "{} {} {} {}",
                            event.seconds, event.key, event.what, event.message
                        )?;
                    }
                }
            }
            Ok(())
        })?;
        return Ok(Exit::Clean);
    }
    let entries = ledger.entries()?;
    console.product(None, |out| match args.format {
        StatusFormat::Jsonl => entries.iter().try_for_each(|entry| write_json_line(out, entry)),
        StatusFormat::Text => write_status(out, &terms, &entries),
    })?;
    Ok(exit(entries.iter().map(|entry| entry.state)))
}

fn write_status(out: &mut dyn Write, terms: &Terms, entries: &[Entry]) -> io::Result<()> {
    let shard = terms
        .shard
        .map(|shard| format!(", shard {shard}"))
        .unwrap_or_default();
    writeln!(
        out,
        "campaign {}{shard}: {} repositories",
        terms.campaign,
        entries.len()
    )?;
    let mut counts: std::collections::BTreeMap<State, usize> = std::collections::BTreeMap::new();
    for entry in entries {
        *counts.entry(entry.state).or_default() += 1;
    }
    for (state, count) in counts {
        writeln!(out, "  {state:10} {count}")?;
    }
    let published = entries.iter().filter(|entry| !entry.pushed.is_empty()).count();
    writeln!(out, "  {:10} {published}", "published")?;
    let troubled = entries.iter().filter(|entry| {
        let is_failed = matches!(entry.state, State::Failed | State::Retryable | State::OptedOut);
        is_failed || !entry.publication_message.is_empty()
    });
    for entry in troubled {
        let (state, message) = match entry.publication_message.is_empty() {
            true => (entry.state.as_str(), &entry.message),
            false => (entry.publication.as_str(), &entry.publication_message),
        };
        writeln!(out, "{}: {state}: {message}", entry.name)?;
    }
    Ok(())
}

fn merge(args: &Merge, console: &Console) -> Result<Exit> {
    if args.folders.iter().any(|folder| folder == &args.out) {
        bail!("--out is one of the shards; choose another folder");
    }
    let summary = crate::batch::merge(&args.folders, &args.out)?;
    console.status(&closing(&summary, &args.out));
    Ok(exit(summary.repositories.iter().map(|line| line.state)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_limit_that_is_not_set_is_told() {
        assert!(memory_note(4 << 30, "macos").is_some_and(|note| note.contains("only on Linux")));
        assert_eq!(memory_note(4 << 30, "linux"), None);
        assert_eq!(memory_note(0, "windows"), None, "nobody asked for one");
    }
}
