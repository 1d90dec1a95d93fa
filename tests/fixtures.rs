//! Runs every `fixtures/<transform>/<behaviour>.txtar`: a sentence, Go files with `// want "rule"` where a finding
//! starts, the patch that `fix` makes (none: nothing may change), the refusals and what the best fixes leave. A line `options: --unsafe-fixes`
//! below the sentence includes unsafe fixes, `options: --profile general` sets the profile; `-- alternative: TITLE --` holds the patch of another fix on offer.
//! `BLESS=1` rewrites patches and refusals; read the diff.
//!
//! Every case also gets, free: the result parses and is gofmt-stable, a second run changes nothing, and the patch
//! applies with `git apply`, forwards to the bytes of `fix` and backwards to the original.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use support::git::Repository;
use support::gofmt::{self, RealGofmt};
use support::program::{Files, Repairer, Run, applied};
use support::txtar::Archive;
use unleak::config::Profile;
use unleak::engine::Analysis;
use unleak::engine::Formatter;
use unleak::engine::plan::{self, Change};
use unleak::go::{Module, SourceFile};
use unleak::text::{FilePatch, patch};
use unleak::transform::Proposal;

const GO_MOD: &str = "\
module example.com/app

go 1.25.0

require (
\tgithub.com/gofiber/fiber/v2 v2.52.15
\tgithub.com/gofiber/fiber/v3 v3.5.0
)
";

struct Case {
    path: PathBuf,
    archive: Archive,
    files: Files,
    module: Arc<Module>,
    unsafe_fixes: bool,
    profile: Profile,
}

impl Case {
    fn read(path: PathBuf) -> Case {
        let archive = Archive::parse(&fs::read_to_string(&path).unwrap());
        // A case about CRLF says so; the archive itself keeps plain lines.
        let crlf = archive.comment.contains("\noptions: crlf");
        let bytes = |text: &String| match crlf {
            true => text.replace('\n', "\r\n").into_bytes(),
            false => text.clone().into_bytes(),
        };
        let sources = archive.files.iter().filter(|(name, _)| name.ends_with(".go"));
        let files = sources.map(|(name, text)| (name.clone(), bytes(text))).collect();
        let module = Module::parse("", archive.get("go.mod").unwrap_or(GO_MOD));
        Case {
            unsafe_fixes: archive.comment.contains("--unsafe-fixes"),
            profile: match archive.comment.split("--profile ").nth(1) {
                Some(name) if name.starts_with("general") => Profile::General,
                Some(name) if name.starts_with("fiber") => Profile::Fiber,
                Some(name) => panic!("no such profile: {name}"),
                None => Profile::Auto,
            },
            module: Arc::new(module),
            path,
            files,
            archive,
        }
    }
}

fn run(case: &Case, files: &Files, gofmt: Option<&RealGofmt>) -> Run {
    let repairer = Repairer {
        profile: case.profile,
        unsafe_fixes: case.unsafe_fixes,
        formatter: gofmt.map(|gofmt| gofmt as &dyn Formatter),
    };
    repairer.run(&case.module, files)
}

fn as_patch(changes: &[Change]) -> Vec<u8> {
    let one = |change: &Change| {
        patch(&FilePatch {
            path: change.path.as_bytes(),
            old: &change.old,
            new: &change.new,
        })
    };
    changes.iter().flat_map(one).collect()
}

/// What the goldens show of a run.
trait Told {
    fn proposals(&self) -> impl Iterator<Item = (&Analysis, &Proposal)>;
    fn findings(&self) -> Vec<String>;
    fn refusals(&self) -> String;
    fn left(&self) -> String;
    fn alternative(&self, title: &str) -> Option<String>;
}

impl Told for Run {
    fn proposals(&self) -> impl Iterator<Item = (&Analysis, &Proposal)> {
        self.analyses.iter().flat_map(|analysis| {
            analysis
                .proposals
                .iter()
                .map(move |proposal| (analysis, proposal))
        })
    }

    /// `path:line rule` of each finding.
    fn findings(&self) -> Vec<String> {
        let mut found: Vec<String> = self
            .proposals()
            .map(|(analysis, proposal)| located(analysis, proposal))
            .collect();
        found.sort();
        found
    }

    fn refusals(&self) -> String {
        let told = self.proposals().filter_map(|(analysis, proposal)| {
            let refusal = proposal.remedy.as_ref().err()?;
            Some(format!(
                "{} {}: {}\n",
                located(analysis, proposal),
                refusal.reason,
                refusal.message
            ))
        });
        told.collect()
    }

    /// What the best fix of each finding leaves.
    fn left(&self) -> String {
        let told = self.proposals().flat_map(|(analysis, proposal)| {
            let fix = proposal.remedy.iter().flatten().next();
            let leaves = fix.into_iter().flat_map(|fix| &fix.leaves);
            leaves.map(move |left| {
                let lines = analysis.package.file(left.place.file).lines();
                let line = lines.position(left.place.span.start).line;
                format!("{}: {line}: {}\n", located(analysis, proposal), left.message)
            })
        });
        told.collect()
    }

    /// The patch of the fix with this title, alone.
    fn alternative(&self, title: &str) -> Option<String> {
        self.proposals().find_map(|(analysis, proposal)| {
            let mut fixes = proposal.remedy.iter().flatten();
            let fix = fixes.find(|fix| fix.title == title)?;
            let changes = plan::preview(&analysis.package, fix);
            Some(String::from_utf8_lossy(&as_patch(&changes)).into_owned())
        })
    }
}

fn located(analysis: &Analysis, proposal: &Proposal) -> String {
    let place = proposal.finding.place;
    let file = analysis.package.file(place.file);
    let line = file.lines().position(place.span.start).line;
    format!("{}:{line} {}", file.path, proposal.finding.rule.slug)
}

/// `path:line rule` of each `// want "rule" "rule"` comment.
fn wanted(files: &Files) -> Vec<String> {
    let mut wanted = Vec::new();
    for (path, source) in files {
        for (number, line) in String::from_utf8_lossy(source).lines().enumerate() {
            let Some((_, rules)) = line.split_once("// want ") else {
                continue;
            };
            let rules = rules.split('"').skip(1).step_by(2);
            wanted.extend(rules.map(|rule| format!("{path}:{} {rule}", number + 1)));
        }
    }
    wanted.sort();
    wanted
}

/// What every result owes, whatever the case is about.
fn check_laws(case: &Case, changes: &[Change], gofmt: Option<&RealGofmt>) -> Result<(), String> {
    for change in changes {
        let file = SourceFile::new("f.go", change.new.as_slice());
        for decl in &file.decls {
            file.tree(decl);
        }
        if let Some(at) = file.syntax_error() {
            return Err(format!(
                "{}: syntax error at byte {at} of the result",
                change.path
            ));
        }
        let lone = |source: &[u8]| {
            let ends = source.windows(2).filter(|pair| pair[1] == b'\n');
            ends.filter(|pair| pair[0] != b'\r').count()
        };
        if lone(&change.old) == 0 && lone(&change.new) > 0 {
            return Err(format!("{}: some lines lose their CRLF", change.path));
        }
        // gofmt turns CRLF into plain newlines, so such a file is never clean.
        let judge = gofmt.filter(|_| !change.old.contains(&b'\r'));
        let formatted = judge.map(|gofmt| gofmt.format(&[&change.old, &change.new]));
        if let Some([old, new]) = formatted.as_deref() {
            if old.as_deref() != Ok(&change.old) {
                return Err(format!("{}: the fixture itself is not gofmt clean", change.path));
            }
            if new.as_deref() != Ok(&change.new) {
                return Err(format!("{}: the result is not gofmt clean", change.path));
            }
        }
    }
    let after = applied(&case.files, changes);
    let again = run(case, &after, gofmt);
    if !again.changes.is_empty() {
        let patch = String::from_utf8_lossy(&as_patch(&again.changes)).into_owned();
        return Err(format!("a second run changes the result:\n{patch}"));
    }
    check_patch(case, changes, &after)
}

fn check_patch(case: &Case, changes: &[Change], after: &Files) -> Result<(), String> {
    if changes.is_empty() {
        return Ok(());
    }
    let repository = Repository::with(
        case.files
            .iter()
            .map(|(path, source)| (path.as_str(), source.as_slice())),
    );
    let holds = |files: &Files| {
        files
            .iter()
            .all(|(path, source)| repository.read(path) == *source)
    };
    let patch = as_patch(changes);
    repository.apply(&patch, false)?;
    if !holds(after) {
        return Err("the applied patch gives other bytes than fix".to_owned());
    }
    repository.apply(&patch, true)?;
    match holds(&case.files) {
        true => Ok(()),
        false => Err("the reversed patch does not restore the original".to_owned()),
    }
}

fn expect(what: &str, expected: &str, found: &str) -> Result<(), String> {
    match expected == found {
        true => Ok(()),
        false => Err(format!(
            "{what} differ\n--- expected\n{expected}\n--- found\n{found}"
        )),
    }
}

fn check(case: &mut Case, gofmt: Option<&RealGofmt>) -> Result<(), String> {
    let run = run(case, &case.files, gofmt);
    expect(
        "findings",
        &wanted(&case.files).join("\n"),
        &run.findings().join("\n"),
    )?;
    check_laws(case, &run.changes, gofmt)?;
    let mut goldens = vec![
        (
            "patch".to_owned(),
            String::from_utf8_lossy(&as_patch(&run.changes)).into_owned(),
        ),
        ("refusals".to_owned(), run.refusals()),
        ("left".to_owned(), run.left()),
    ];
    for (name, _) in &case.archive.files {
        if let Some(title) = name.strip_prefix("alternative: ") {
            let patch = run
                .alternative(title)
                .ok_or(format!("no fix is called {title:?}"))?;
            goldens.push((name.clone(), patch));
        }
    }
    if std::env::var_os("BLESS").is_some() {
        goldens
            .into_iter()
            .for_each(|(name, golden)| case.archive.set(&name, golden.replace('\r', "")));
        fs::write(&case.path, case.archive.write()).unwrap();
        return Ok(());
    }
    let compare = |(name, golden): &(String, String)| {
        expect(
            name,
            case.archive.get(name).unwrap_or(""),
            &golden.replace("\r", ""),
        )
    };
    goldens.iter().try_for_each(compare)
}

fn archives(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // The drawings of floor 1 have a test of their own.
        if path.is_dir() && !path.ends_with("apps") && !path.ends_with("go") {
            archives(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "txtar") {
            found.push(path);
        }
    }
}

#[test]
fn every_case_holds() {
    let mut paths = Vec::new();
    archives(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"),
        &mut paths,
    );
    paths.sort();
    let only = std::env::var("CASE").unwrap_or_default();
    paths.retain(|path| path.to_string_lossy().contains(&only));
    let gofmt = gofmt::find();
    let mut failed = Vec::new();
    for path in &paths {
        let mut case = Case::read(path.clone());
        if let Err(why) = check(&mut case, gofmt.as_ref()) {
            failed.push(format!("{}: {why}", path.display()));
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} cases fail\n\n{}",
        failed.len(),
        paths.len(),
        failed.join("\n\n")
    );
    println!("{} fixtures hold", paths.len());
}
