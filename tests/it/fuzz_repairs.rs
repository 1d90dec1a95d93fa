//! The repair fuzzer: mutants of fixtures and services, repaired with the weakest verification, and judged by the Go
//! compiler, by vet and by the laws of `fix`. See docs/measuring.md for long runs.
//!
//! - `UNLEAK_FUZZ_MUTANTS`: how many mutants; `UNLEAK_FUZZ_SEED`: where the numbers begin.
//! - `UNLEAK_FUZZ_KEEP`: a folder that gets every mutant whose repair fails, as it was before.
//! - `UNLEAK_FUZZ_BIN`: another build of the command than the one of this test.
//! - `UNLEAK_FUZZ_SEEDS`: a folder whose folders are programs to begin with, beside the fixtures.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::cases::{self, Seed};
use crate::support::command::unleak;
use crate::support::git::Repository;
use crate::support::go::{Go, tell};
use crate::support::mutate::{Files, Mutant, Random, mutate};

/// A mutant in its folder `m00017`.
struct Placed {
    seed: String,
    made_by: Vec<&'static str>,
    files: Files,
}

/// By folder.
type Batch = BTreeMap<String, Placed>;

/// What vet says of each mutant, without the places.
type Complaints = BTreeMap<String, Vec<String>>;

#[derive(Default)]
struct Count {
    mutants: usize,
    discarded: usize,
    repaired: usize,
    findings: usize,
    repairs: usize,
    /// How often the gate sent a repair back, by what it said.
    sent_back: BTreeMap<String, usize>,
    failures: Vec<String>,
}

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn repairs_of_mutants_compile() {
    let (mutants, seed) = (number("UNLEAK_FUZZ_MUTANTS", 300), number("UNLEAK_FUZZ_SEED", 1));
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/fuzz");
    let go = Go::find().filter(|go| go.has_modules(&modules));
    if go.is_none() {
        tell("skipped: the compiler was not asked about repairs of mutants, their other laws were");
    }
    let seeds = cases::seeds(&fs::read_to_string(modules.join("go.mod")).unwrap());
    let mut count = Count::default();
    let begun = std::time::Instant::now();
    let (first, last) = (seed * 1_000_000, seed * 1_000_000 + mutants);
    for start in (first..last).step_by(BATCH) {
        let numbers = start..(start + BATCH).min(last);
        let batch = numbers.map(|number| placed(&seeds, number)).collect();
        judge(batch, &modules, go.as_ref(), &mut count);
        if mutants > BATCH {
            tell(&count.told(begun));
        }
    }
    tell(&count.told(begun));
    assert!(count.failures.is_empty(), "{}", count.failures.join("\n\n"));
}

/// As many as one run of vet takes at once.
const BATCH: usize = 300;

fn placed(seeds: &[Seed], number: usize) -> (String, Placed) {
    let mut random = Random::new(number as u64);
    let seed = random.pick(seeds).unwrap();
    let Mutant { files, made_by } = mutate(&seed.files, random.next());
    let folder = format!("m{number:09}");
    let placed = Placed {
        seed: seed.name.clone(),
        made_by,
        files: cases::placed(&files, &folder),
    };
    (folder, placed)
}

impl Count {
    fn told(&self, begun: std::time::Instant) -> String {
        format!(
            "{} mutants that compile ({} more do not), {} findings, {} repairs in {} of them, {} failures, {} sent back {:?}; {} s",
            self.mutants,
            self.discarded,
            self.findings,
            self.repairs,
            self.repaired,
            self.failures.len(),
            self.sent_back.values().sum::<usize>(),
            self.sent_back,
            begun.elapsed().as_secs()
        )
    }

    fn fail(&mut self, folder: &str, mutant: &Placed, why: &str) {
        let failure = format!("{folder} of {} by {:?}: {why}", mutant.seed, mutant.made_by);
        keep(folder, mutant, &failure);
        self.failures.push(failure);
    }
}

/// Keeps the mutant for whoever looks into it.
fn keep(folder: &str, mutant: &Placed, why: &str) {
    let Some(keep) = std::env::var_os("UNLEAK_FUZZ_KEEP") else {
        return;
    };
    for (path, source) in &mutant.files {
        let path = Path::new(&keep).join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, source).unwrap();
    }
    fs::write(Path::new(&keep).join(folder).join("WHY"), why).unwrap();
    tell(why);
}

fn judge(mut batch: Batch, modules: &Path, go: Option<&Go>, count: &mut Count) {
    let pinned = ["go.mod", "go.sum"].map(|name| (name, fs::read(modules.join(name)).unwrap()));
    let sources = batch.values().flat_map(|mutant| &mutant.files);
    let sources = sources.map(|(path, source)| (path.as_str(), source.as_slice()));
    let own = pinned.iter().map(|(name, bytes)| (*name, bytes.as_slice()));
    let repository = Repository::with(own.chain(sources));
    let all = batch.len();
    let before = go.map(|go| discard(go, &repository, &mut batch));
    count.discarded += all - batch.len();
    count.mutants += batch.len();
    repository.commit();
    let patch = match fix(&repository, &["--dry-run"]) {
        Ok(patch) => patch,
        Err(why) => return find_the_guilty(batch, &why, count),
    };
    repository
        .apply(&patch.stdout, false)
        .unwrap_or_else(|why| panic!("git apply: {why}"));
    let patched = held(&repository, &batch);
    repository.git(&["checkout", "-q", "."]);
    let fixed = fix(&repository, &["--format", "json"]).unwrap();
    take_report(&fixed.stdout, &batch, count);
    let after = held(&repository, &batch);
    for (folder, mutant) in &batch {
        count.repaired += usize::from(after[folder] != mutant.files);
        if patched[folder] != after[folder] {
            count.fail(folder, mutant, "the patch gives other bytes than fix");
        }
        if let Err(why) = laws(&mutant.files, &after[folder]) {
            count.fail(folder, mutant, &why);
        }
    }
    if let (Some(go), Some(before)) = (go, before) {
        compare(&vet_all(go, &repository, &batch), &before, &batch, count);
    }
    repository.commit();
    fix(&repository, &["--quiet"]).unwrap_or_else(|why| panic!("a second run: {why}"));
    let again = held(&repository, &batch);
    for (folder, mutant) in batch
        .iter()
        .filter(|(folder, _)| again[*folder] != after[*folder])
    {
        count.fail(folder, mutant, "a second run changes the result");
    }
}

/// One mutant that makes the command crash keeps it from the others: it is looked for by halves.
fn find_the_guilty(batch: Batch, why: &str, count: &mut Count) {
    if batch.len() == 1 {
        let (folder, mutant) = batch.first_key_value().unwrap();
        return count.fail(folder, mutant, why);
    }
    let mut first = batch;
    let middle = first.keys().nth(first.len() / 2).cloned().unwrap_or_default();
    let second = first.split_off(&middle);
    let mut is_found = false;
    for half in [first, second] {
        let sources = half.values().flat_map(|mutant| &mutant.files);
        let alone = Repository::with(sources.map(|(path, source)| (path.as_str(), source.as_slice())));
        if let Err(why) = fix(&alone, &["--dry-run"]) {
            is_found = true;
            find_the_guilty(half, &why, count);
        }
    }
    if !is_found {
        count.failures.push(format!("only together: {why}"));
    }
}

/// What `fix` printed, unless it crashed.
fn fix(repository: &Repository, arguments: &[&str]) -> Result<Output, String> {
    let mut command = match std::env::var_os("UNLEAK_FUZZ_BIN") {
        Some(built) => Command::new(built),
        None => unleak(repository.path()),
    };
    command.current_dir(repository.path());
    command
        .args(["fix", "--unsafe-fixes", "--verify", "syntax"])
        .args(arguments);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let is_sound = matches!(output.status.code(), Some(0 | 1)) && !said.contains("internal error");
    match is_sound && !said.contains("panicked") {
        true => Ok(output),
        false => Err(format!("{:?}: {said}", output.status)),
    }
}

/// What lies in the folders of the batch now.
fn held(repository: &Repository, batch: &Batch) -> BTreeMap<String, Files> {
    let read = |path: &String| (path.clone(), repository.read(path));
    let folders = batch.iter();
    folders
        .map(|(folder, mutant)| (folder.clone(), mutant.files.keys().map(read).collect()))
        .collect()
}

fn take_report(report: &[u8], batch: &Batch, count: &mut Count) {
    let report: serde_json::Value = serde_json::from_slice(report).unwrap();
    for finding in report["findings"].as_array().unwrap() {
        count.findings += 1;
        match finding["outcome"].as_str() {
            Some("fixed") => count.repairs += 1,
            Some("failed") => {
                let note = finding["note"].as_str().unwrap_or_default();
                let kind: String = note
                    .chars()
                    .filter(|letter| !letter.is_ascii_digit())
                    .take(60)
                    .collect();
                let path = finding["path"].as_str().unwrap_or_default();
                if let Some((folder, mutant)) =
                    batch.get_key_value(path.split('/').next().unwrap_or_default())
                {
                    keep(folder, mutant, &format!("{path}: sent back: {note}"));
                }
                *count.sent_back.entry(kind).or_default() += 1;
            }
            _ => {}
        }
    }
}

/// What no compiler looks at.
fn laws(old: &Files, new: &Files) -> Result<(), String> {
    for ((path, old), new) in old.iter().zip(new.values()).filter(|((_, old), new)| old != new) {
        let file = unleak::go::SourceFile::new(path.clone(), old.as_slice());
        if file.is_generated() || file.is_test() {
            return Err(format!("{path} is not to be touched"));
        }
        let lone = |source: &[u8]| {
            source
                .windows(2)
                .filter(|pair| pair[1] == b'\n' && pair[0] != b'\r')
                .count()
        };
        if lone(old) == 0 && lone(new) > 0 {
            return Err(format!("{path} has mixed ends of lines"));
        }
    }
    Ok(())
}

/// Takes out what does not compile; what vet says of the rest.
fn discard(go: &Go, repository: &Repository, batch: &mut Batch) -> Complaints {
    loop {
        let complaints = vet(go, repository, &errors(go, repository));
        let broken: BTreeSet<&String> = complaints
            .iter()
            .filter(|(_, said)| {
                said.iter()
                    .any(|line| line.starts_with(BROKEN) || line.ends_with(DEAD))
            })
            .map(|(folder, _)| folder)
            .collect();
        for folder in &broken {
            batch.remove(*folder);
            fs::remove_dir_all(repository.path().join(folder)).unwrap();
        }
        // One that cannot be loaded keeps vet from looking at any other.
        if !complaints
            .values()
            .flatten()
            .any(|line| line.starts_with(UNLOADED))
        {
            return complaints;
        }
    }
}

/// What vet says after the repairs. What cannot be loaded is put aside, so that the rest is looked at.
fn vet_all(go: &Go, repository: &Repository, batch: &Batch) -> Complaints {
    let mut unloaded = Complaints::new();
    loop {
        let mut complaints = vet(go, repository, &BTreeSet::new());
        if !complaints
            .values()
            .flatten()
            .any(|line| line.starts_with(UNLOADED))
        {
            complaints.extend(unloaded);
            for folder in complaints.keys().filter(|folder| batch.contains_key(*folder)) {
                if !repository.path().join(folder).exists() {
                    repository.git(&["checkout", "-q", "--", folder]);
                }
            }
            return complaints;
        }
        for folder in complaints.keys() {
            fs::remove_dir_all(repository.path().join(folder)).unwrap();
        }
        unloaded.extend(complaints);
    }
}

/// Of code that never runs, nobody says what a repair of it should be.
const DEAD: &str = ": unreachable code";
/// Begins what is said of code that does not compile.
const BROKEN: &str = "broken: ";
/// And of what is not even read to its end.
const UNLOADED: &str = "broken: unloaded: ";

/// What vet says. It puts a word in front of errors, except where the compiler spoke first: of a package that others
/// import. `errors` tells those; after the repairs any complaint that is new counts.
fn vet(go: &Go, repository: &Repository, errors: &BTreeSet<String>) -> Complaints {
    let output = go
        .command(repository.path(), "vet")
        .arg("./...")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // Without type errors no package is named above its complaints.
    let is_loaded = said.lines().any(|line| line.starts_with("# ")) || loads(go, repository);
    let mut complaints = Complaints::new();
    for line in said.lines() {
        let Some((folder, what)) = complaint(line) else {
            continue;
        };
        let is_error = line.starts_with("vet: ") || errors.contains(line);
        let mark = match (is_loaded, is_error) {
            (false, _) => UNLOADED,
            (true, true) => BROKEN,
            (true, false) => "",
        };
        complaints
            .entry(folder)
            .or_default()
            .push(format!("{mark}{what}"));
    }
    let is_told = output.status.success() || !complaints.is_empty();
    assert!(is_told, "go vet: {said}");
    complaints
}

/// What the compiler says, line by line.
fn errors(go: &Go, repository: &Repository) -> BTreeSet<String> {
    // Compiles all, and links none of them.
    let mut build = go.command(repository.path(), "list");
    let built = build.args(["-export", "./..."]).output();
    let said = String::from_utf8_lossy(&built.unwrap().stderr).into_owned();
    said.lines().map(str::to_owned).collect()
}

/// Whether every package, and what it imports, can be read.
fn loads(go: &Go, repository: &Repository) -> bool {
    let mut list = go.command(repository.path(), "list");
    let list = list.args(["-deps", "-test", "./..."]);
    list.output().unwrap().status.success()
}

/// `vet: m0000017/app/app.go:3:4: what` as folder and what, without numbers.
fn complaint(line: &str) -> Option<(String, String)> {
    let at = line
        .find("m0")
        .filter(|&at| at == 0 || line[..at].ends_with(['/', ' ']))?;
    let folder = line.get(at..at + 10)?;
    let is_folder = folder[1..].bytes().all(|byte| byte.is_ascii_digit());
    let (place, what) = line[at..].split_once(": ")?;
    let without: String = what.chars().filter(|letter| !letter.is_ascii_digit()).collect();
    (is_folder && !line.starts_with('#')).then(|| {
        let file = place
            .split(':')
            .next()
            .unwrap_or_default()
            .get(10..)
            .unwrap_or_default();
        (
            folder.to_owned(),
            format!("{what_file}{without}", what_file = format_args!("{file}: ")),
        )
    })
}

/// Fails each mutant of which vet says what it did not say before.
fn compare(after: &Complaints, before: &Complaints, batch: &Batch, count: &mut Count) {
    for (folder, said) in after {
        let Some(mutant) = batch.get(folder) else { continue };
        let mut old = before.get(folder).cloned().unwrap_or_default();
        let mut new = Vec::new();
        for line in said {
            match old.iter().position(|held| held == line) {
                Some(at) => drop(old.swap_remove(at)),
                None => new.push(line.as_str()),
            }
        }
        if !new.is_empty() {
            count.fail(folder, mutant, &new.join("\n"));
        }
    }
}
