//! Shows by running real Fiber that each repair ends its leak: handlers of `fixtures/proof/cases`, as written and
//! as `unleak fix` leaves them, on a real listener and under the race detector, for Fiber v2 and v3.
//!
//! `cargo test --test proof WORD` runs the proofs whose name, such as `v2/rows`, holds the word; `BLESS=1` writes the
//! figures of all of them to `docs/proofs.md`.

mod bench;
mod page;
#[path = "../it/support"]
#[allow(dead_code, reason = "the tests of the other program use the rest")]
mod support {
    pub mod command;
    pub mod go;
}

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};

use bench::{BENCHES, Bench, OLDER_GO};
use support::go::{Go, tell};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Proofs wait most of the time.
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(2 * cores);
    let mut trials = vec![Trial::test("every_safe_rule_is_run_or_has_a_reason", || {
        Ok(every_safe_rule_is_run_or_has_a_reason()?)
    })];
    let go: Option<&'static Go> = (!arguments.list)
        .then(Go::find)
        .flatten()
        .map(|go| &*Box::leak(Box::new(go)));
    if arguments.list || go.is_some() {
        trials.extend(proofs(go));
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// A test for each case of each bench, and one for the page that lists them.
fn proofs(go: Option<&'static Go>) -> Vec<Trial> {
    let benches: &'static [Bench] = Box::leak(BENCHES.map(Bench::new).into());
    let mut trials = Vec::new();
    let mut is_whole = true;
    for bench in benches {
        let can_run = go.is_none_or(|go| can_run(go, bench.name));
        is_whole &= can_run;
        for case in bench.cases() {
            let prove = move || match go {
                Some(go) => Ok(bench.proof(go, case).map(|_| ())?),
                None => Err(Failed::from("there is no Go")),
            };
            let trial = Trial::test(format!("{}/{case}", bench.name), prove);
            trials.push(trial.with_ignored_flag(!can_run));
        }
    }
    let page = move || match go {
        Some(go) => Ok(page::hold(go, benches)?),
        None => Err(Failed::from("there is no Go")),
    };
    trials.push(Trial::test("the_page_lists_these_proofs", page).with_ignored_flag(!is_whole));
    trials
}

/// What an older Go did is asked of the runtime by `GODEBUG=asynctimerchan=1`, which Go 1.27 does not know any more.
fn can_run(go: &Go, bench: &str) -> bool {
    let can = bench != OLDER_GO || go.version < (1, 27);
    if !can {
        tell("skipped: tickers are collected by this Go, whatever a module declares");
    }
    can
}

/// A safe rule has a case, or a reason why there is none, which the page tells.
fn every_safe_rule_is_run_or_has_a_reason() -> Result<(), String> {
    let cases = bench::sources_of_cases();
    let config = unleak::config::Config::default();
    let rules = unleak::transforms::suite()
        .iter()
        .flat_map(|transform| transform.rules(&config));
    for rule in rules.filter(|rule| rule.applicability == unleak::transform::Applicability::Safe) {
        let is_run = cases.contains(&format!("\"{}\"", rule.slug));
        let is_excused = page::NOT_RUN.iter().any(|(slug, _)| *slug == &*rule.slug);
        match (is_run, is_excused) {
            (true, true) => return Err(format!("{} is run, and listed as not run", rule.slug)),
            (false, false) => return Err(format!("no proof runs {}, and there is no reason", rule.slug)),
            _ => {}
        }
    }
    Ok(())
}
