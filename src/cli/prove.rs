//! Tests for repaired handlers: written beside them, or shown.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use memchr::memmem;

use super::args::Prove;
use super::console::Console;
use super::exit::Exit;
use super::interrupt::{STOP, Whole, is_stopped};
use super::rules;
use crate::config::Config;
use crate::engine::Formatter;
use crate::go::SourceFile;
use crate::job::Job;
use crate::prove::{GoTest, Proof, prove};
use crate::transforms::suite;
use crate::workspace::{Created, Gofmt, MAX_SOURCE_BYTES, Overlay, WalkOptions, create, git, holds, read};

/// What became of a test.
enum Ending {
    /// Written, or to be written.
    New,
    /// It is there already, to the byte.
    Held,
    Refused(String),
}

/// Writes a test beside each handler that was repaired, or is to be.
pub fn prove_handlers(args: &Prove, console: &Console) -> Result<Exit> {
    rules::known(&args.select)?;
    rules::known(&args.ignore)?;
    let config = Config {
        select: args.select.clone(),
        ignore: args.ignore.clone(),
        ..Config::default()
    };
    let mut inquiry = Inquiry {
        args,
        config: &config,
        root: PathBuf::new(),
        is_incomplete: false,
    };
    let mut proofs = inquiry.proofs()?;
    if let Some(gofmt) = Gofmt::find() {
        format(&mut proofs, &gofmt);
    }
    let Some(_whole) = Whole::begin() else {
        return Ok(Exit::Interrupted);
    };
    let mut report = Report::default();
    for proof in proofs.values().take_while(|_| !is_stopped()) {
        let _whole = Whole::writing();
        let ending = inquiry.settle(proof)?;
        report.note(proof, &ending);
    }
    report.write(args, console)?;
    Ok(if inquiry.is_incomplete {
        Exit::Trouble
    } else {
        Exit::Clean
    })
}

/// What gofmt does not read is not written.
fn format(proofs: &mut Proofs, gofmt: &dyn Formatter) {
    for proof in proofs.values_mut() {
        let Ok(test) = &mut proof.test else { continue };
        match gofmt.format(&[test.text.as_bytes()]).remove(0) {
            Ok(printed) => test.text = String::from_utf8_lossy(&printed).into_owned(),
            Err(said) => proof.test = Err(format!("gofmt does not read its test ({said}); please report it")),
        }
    }
}

/// By file and handler.
type Proofs = BTreeMap<(String, String), Proof>;

struct Inquiry<'a> {
    args: &'a Prove,
    config: &'a Config,
    /// The scanned root.
    root: PathBuf,
    is_incomplete: bool,
}

impl Inquiry<'_> {
    /// What was found in the committed code, where that differs, and what is found now.
    fn proofs(&mut self) -> Result<Proofs> {
        let past = git::committed(&self.args.paths, &self.args.since)?;
        let mut proofs = Proofs::new();
        let passes = [(!past.is_empty()).then_some(&past), None];
        let first = usize::from(past.is_empty());
        for past in &passes[first..] {
            for proof in self.found(*past)? {
                let known: &mut Proof = proofs
                    .entry((proof.path.clone(), proof.handler.clone()))
                    .or_insert_with(|| proof.clone());
                if known.test.is_err() && proof.test.is_ok() {
                    *known = proof;
                }
            }
        }
        Ok(proofs)
    }

    fn found(&mut self, past: Option<&Overlay>) -> Result<Vec<Proof>> {
        let job = Job {
            suite: suite(),
            config: self.config,
            formatter: None,
            toolchain: None,
            paths: &self.args.paths,
            base: None,
            walk: WalkOptions {
                no_ignore: self.args.no_ignore,
                tests: false,
                threads: self.args.jobs,
            },
            overlay: past.cloned().unwrap_or_default(),
            stop: &STOP,
        };
        let survey = job.run(|analysis, _| prove(&analysis))?;
        self.root = survey.session.discovery.root.clone();
        self.is_incomplete |= survey.is_incomplete;
        Ok(survey.results.into_iter().flatten().collect())
    }

    /// Writes the test of a proof, unless it is only shown.
    fn settle(&self, proof: &Proof) -> Result<Ending> {
        let test = match &proof.test {
            Ok(test) => test,
            Err(why) => return Ok(Ending::Refused(why.clone())),
        };
        let target = self.root.join(&test.path);
        // The commit may know handlers that were renamed or deleted since.
        if !declares_function(&target, &proof.function) {
            return Ok(Ending::Refused(
                "it is there in the commit only; today no function is called so".to_owned(),
            ));
        }
        match holds(&target, test.text.as_bytes()) {
            Ok(true) => return Ok(Ending::Held),
            Ok(false) => return Ok(Ending::Refused(another_file(test))),
            Err(_) => {}
        }
        if let Some(other) = declared_in(&target, &test.name) {
            return Ok(Ending::Refused(format!("{other} declares {} already", test.name)));
        }
        if self.args.dry_run {
            return Ok(Ending::New);
        }
        match create(&target, test.text.as_bytes())? {
            Created::Created => Ok(Ending::New),
            Created::Exists => Ok(Ending::Refused(another_file(test))),
        }
    }
}

fn another_file(test: &GoTest) -> String {
    format!(
        "{} is there and says something else; it was left alone (delete it to have it written anew)",
        test.path
    )
}

/// Whether a source beside `test` declares the function.
fn declares_function(test: &Path, (receiver, name): &(Option<String>, String)) -> bool {
    let files = test.parent().and_then(|folder| fs::read_dir(folder).ok());
    let mut sources = files.into_iter().flatten().flatten().map(|entry| entry.path());
    sources.any(|path| {
        let is_source = path.extension().is_some_and(|extension| extension == "go");
        let text = is_source.then(|| read(&path, MAX_SOURCE_BYTES).ok()).flatten();
        let file = text.map(|text| SourceFile::new("", text));
        file.is_some_and(|file| {
            let mut decls = file.decls.iter();
            decls.any(|decl| decl.receiver == *receiver && decl.title() == name)
        })
    })
}

/// The other test file of the folder that declares the function.
fn declared_in(target: &Path, name: &str) -> Option<String> {
    let files = fs::read_dir(target.parent()?).ok()?.flatten();
    let mut tests = files.map(|entry| entry.path()).filter(|path| path != target);
    let wanted = format!("func {name}(");
    let other = tests.find(|path| {
        let is_test = path.as_os_str().as_encoded_bytes().ends_with(b"_test.go");
        is_test
            && read(path, MAX_SOURCE_BYTES).is_ok_and(|text| memmem::find(&text, wanted.as_bytes()).is_some())
    })?;
    Some(other.file_name()?.to_string_lossy().into_owned())
}

/// What is said at the end.
#[derive(Default)]
struct Report {
    lines: Vec<String>,
    /// The tests themselves, for `--dry-run`.
    texts: Vec<String>,
    shown: HashSet<String>,
    new: usize,
    held: usize,
    refused: usize,
}

impl Report {
    fn note(&mut self, proof: &Proof, ending: &Ending) {
        let subject = format!("{} ({})", proof.handler, proof.rules.join(", "));
        match (ending, &proof.test) {
            (Ending::Refused(why), _) => {
                self.refused += 1;
                self.lines
                    .push(format!("{}: no test for {subject}: {why}", proof.path));
            }
            (Ending::New, Ok(test)) => {
                self.new += 1;
                self.lines.push(format!("{}: tests {subject}", test.path));
                if self.shown.insert(test.path.clone()) {
                    self.texts.push(format!("-- {} --\n{}", test.path, test.text));
                }
            }
            (Ending::Held, Ok(test)) => {
                self.held += 1;
                self.lines
                    .push(format!("{}: tests {subject}, as before", test.path));
            }
            (_, Err(_)) => {}
        }
    }

    fn write(&self, args: &Prove, console: &Console) -> Result<()> {
        let write = |out: &mut dyn std::io::Write| match args.dry_run {
            true => self
                .texts
                .iter()
                .try_for_each(|text| out.write_all(text.as_bytes())),
            false => self.lines.iter().try_for_each(|line| writeln!(out, "{line}")),
        };
        console.product(None, write)?;
        if args.dry_run {
            self.lines.iter().for_each(|line| console.status(line));
        }
        console.status(&self.summary(args.dry_run));
        Ok(())
    }

    fn summary(&self, is_shown: bool) -> String {
        if self.new + self.held + self.refused == 0 {
            return "Nothing to prove: no leak with a repair was found, here or in the committed code."
                .to_owned();
        }
        let verb = if is_shown { "Would write" } else { "Wrote" };
        let tests = if self.new == 1 { "test" } else { "tests" };
        format!(
            "{verb} {} {tests}; {} unchanged, {} handlers without one.",
            self.new, self.held, self.refused
        )
    }
}
