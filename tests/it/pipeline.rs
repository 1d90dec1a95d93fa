//! The rounds of a repair, with toy transforms that swap one call for another: what is kept, deferred, failed,
//! suppressed or declined, and that what passes the gate is whole.

use std::sync::Arc;

use crate::support::gofmt;
use unleak::config::Config;
use unleak::engine::Formatter;
use unleak::engine::{
    Analysis, Automatic, Choose, Decision, Engine, Repaired, Round, analyze, repair, suppress,
};
use unleak::go::{FileId, Package, SourceFile};
use unleak::text::{Edit, EditSet, Span};
use unleak::transform::{
    Alone, AnyTransform, Applicability, Confidence, Family, Finding, Fix, Outcome, Pass, Place, Reason,
    Refusal, Rule, Severity, Transform,
};

/// Finds `needle` and puts `with` in its place, and in that of the `reach` bytes before it.
struct Swap {
    slug: &'static str,
    needle: &'static str,
    with: &'static str,
    reach: usize,
    applicability: Applicability,
    lessens: bool,
}

const fn swap(slug: &'static str, needle: &'static str, with: &'static str) -> Swap {
    Swap {
        slug,
        needle,
        with,
        reach: 0,
        applicability: Applicability::Safe,
        lessens: false,
    }
}

static LEAK: Swap = swap("leak", "leak()", "done()");
static ALIGNED: Swap = swap("aligned", "short:", "muchLonger:");
static BROKEN: Swap = swap("broken", "broken()", "broken((");
static HYDRA: Swap = swap("hydra", "hydra()", "leak()");
static STUBBORN: Swap = swap("stubborn", "stubborn()", "/* still */ stubborn()");
static WIDE: Swap = Swap {
    reach: 8,
    ..swap("wide", "wide()", "nothing()")
};
static RISKY: Swap = Swap {
    applicability: Applicability::Unsafe,
    ..swap("risky", "risky()", "calm()")
};

static SOFT: Swap = Swap {
    lessens: true,
    ..swap("soft", "soft()", "/* less */ soft()")
};

static SUITE: [&dyn AnyTransform; 8] = [&LEAK, &ALIGNED, &BROKEN, &HYDRA, &STUBBORN, &WIDE, &RISKY, &SOFT];

impl Transform for Swap {
    type Site<'a> = Place;

    fn name(&self) -> &'static str {
        "swap"
    }

    fn page(&self) -> &'static str {
        ""
    }

    fn rules(&self, _: &Config) -> Vec<Arc<Rule>> {
        vec![Arc::new(Rule {
            slug: self.slug.into(),
            title: self.slug.to_owned(),
            family: Family::Release,
            severity: Severity::High,
            applicability: self.applicability,
            transform: "swap",
        })]
    }

    fn needles(&self, _: &Config) -> Vec<String> {
        vec![self.needle.to_owned()]
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Place> {
        let needles = [self.needle.to_owned()];
        let declarations = pass.candidates(&needles);
        let places = declarations.flat_map(|declaration| {
            let start = declaration.decl().span.start;
            let starts: Vec<usize> = memchr::memmem::find_iter(declaration.bytes(), self.needle).collect();
            let span = move |at| Span::new(start + at, start + at + self.needle.len());
            starts.into_iter().map(move |at| declaration.place_of(span(at)))
        });
        places.collect()
    }

    fn finding(&self, pass: &Pass<'_>, place: &Place) -> Finding {
        Finding {
            rule: Transform::rules(self, pass.config).remove(0),
            place: *place,
            message: format!("{} is called", self.needle),
            confidence: Confidence::High,
            function: Some("f".to_owned()),
            related: Vec::new(),
        }
    }

    fn fix(&self, _: &Pass<'_>, place: &Place) -> Result<Vec<Fix>, Refusal> {
        let span = Span::new(place.span.start - self.reach, place.span.end);
        let mut edits = EditSet::new();
        edits.push(Edit::replace(span, self.with)).unwrap();
        Ok(vec![Fix {
            title: format!("Call {}", self.with),
            applicability: self.applicability,
            edits: vec![(place.file, edits)],
            imports: Vec::new(),
            names: Vec::new(),
            lessens: self.lessens,
            leaves: Vec::new(),
        }])
    }
}

fn body(lines: &str) -> String {
    let lines: Vec<String> = lines.split("; ").map(|line| format!("\t{line}\n")).collect();
    format!("package p\n\nfunc f() {{\n{}}}\n", lines.concat())
}

fn package(sources: &[&str]) -> Package {
    let file = |(at, source): (usize, &&str)| SourceFile::new(format!("f{at}.go"), source.as_bytes());
    Package::new("", None, sources.iter().enumerate().map(file).collect())
}

fn with_engine<R>(
    config: &Config,
    formatter: Option<&dyn Formatter>,
    run: impl FnOnce(&Engine<'_>) -> R,
) -> R {
    run(&Engine {
        suite: &SUITE,
        config,
        sources: &Alone,
        formatter,
        compiler: None,
    })
}

fn analyzed(source: &str) -> Analysis {
    with_engine(&Config::default(), None, |engine| {
        analyze(package(&[source]), engine)
    })
}

fn repaired_by(source: &str, chooser: &mut dyn Choose) -> Repaired {
    with_engine(&Config::default(), None, |engine| {
        repair(analyze(package(&[source]), engine), engine, chooser)
    })
}

fn repaired(source: &str) -> Repaired {
    repaired_by(source, &mut Automatic::new(false, None))
}

fn result(repaired: &Repaired) -> String {
    String::from_utf8(repaired.changes[0].new.clone()).unwrap()
}

fn outcomes(repaired: &Repaired) -> Vec<Outcome> {
    repaired.endings.iter().map(|ending| ending.outcome).collect()
}

fn note(repaired: &Repaired, at: usize) -> &str {
    repaired.endings[at].note.as_deref().unwrap_or("")
}

#[test]
fn the_guilty_fix_of_a_batch_fails_alone() {
    let repaired = repaired(&body("leak(); x(); broken(); leak(); stubborn(); leak()"));
    assert_eq!(
        result(&repaired),
        body("done(); x(); broken(); done(); stubborn(); done()")
    );
    use Outcome::{Failed, Fixed};
    assert_eq!(outcomes(&repaired), [Fixed, Failed, Fixed, Failed, Fixed]);
    assert!(
        note(&repaired, 1).contains("syntax error at f0.go:"),
        "{}",
        note(&repaired, 1)
    );
    assert!(
        note(&repaired, 3).contains("still finds stubborn at f0.go:8"),
        "{}",
        note(&repaired, 3)
    );
}

#[test]
fn a_fix_that_lessens_may_leave_its_finding() {
    let repaired = repaired(&body("soft()"));
    assert_eq!(outcomes(&repaired), [Outcome::Declined]);
    assert_eq!(
        note(&repaired, 0),
        "Call /* less */ soft(); the finding is still there"
    );
    assert_eq!(repaired.changes[0].new, body("/* less */ soft()").into_bytes());
}

#[test]
fn a_fix_that_makes_a_new_finding_fails() {
    let repaired = repaired(&body("hydra()"));
    assert_eq!(outcomes(&repaired), [Outcome::Failed]);
    assert!(
        note(&repaired, 0).contains("newly finds leak at f0.go:4"),
        "{}",
        note(&repaired, 0)
    );
    assert!(repaired.changes.is_empty());
}

#[test]
fn overlapping_fixes_take_turns() {
    // The fix of wide() reaches back over leak().
    let source = "package p\n\nfunc f() {\n\tleak(); wide()\n}\n";
    let repaired = repaired(source);
    assert_eq!(outcomes(&repaired), [Outcome::Fixed, Outcome::Fixed]);
    assert_eq!(result(&repaired), "package p\n\nfunc f() {\n\tnothing()\n}\n");
}

#[test]
fn a_second_run_finds_nothing_to_do() {
    let first = repaired(&body("leak(); broken(); risky()"));
    let second = repaired(&result(&first));
    assert!(second.changes.is_empty());
    assert_eq!(outcomes(&second), [Outcome::Failed, Outcome::Declined]);
}

#[test]
fn unsafe_fixes_are_applied_when_asked_for() {
    let source = body("risky()");
    let declined = repaired(&source);
    assert_eq!(outcomes(&declined), [Outcome::Declined]);
    assert!(note(&declined, 0).contains("--unsafe-fixes"));
    let applied = repaired_by(&source, &mut Automatic::new(true, None));
    assert_eq!(result(&applied), body("calm()"));
}

#[test]
fn a_limit_leaves_the_rest_to_later_runs() {
    let repaired = repaired_by(
        &body("leak(); leak(); leak()"),
        &mut Automatic::new(false, Some(2)),
    );
    assert_eq!(result(&repaired), body("done(); done(); leak()"));
    assert_eq!(
        outcomes(&repaired),
        [Outcome::Fixed, Outcome::Fixed, Outcome::Deferred]
    );
}

/// Applies every fix but the first, each time it is asked.
struct AllButFirst(Vec<String>);

impl Choose for AllButFirst {
    fn choose(&mut self, round: &Round<'_>) -> Vec<Decision> {
        let first = self.0.is_empty();
        let decide = |(at, proposal): (usize, &&unleak::transform::Proposal)| {
            self.0.push(proposal.fingerprint.clone());
            match first && at == 0 {
                true => Decision::Decline("not this one".to_owned()),
                false => Decision::Apply(proposal.remedy.as_ref().unwrap()[0].clone()),
            }
        };
        round.open.iter().enumerate().map(decide).collect()
    }
}

#[test]
fn a_declined_finding_is_not_asked_about_again_when_its_equals_go() {
    let mut chooser = AllButFirst(Vec::new());
    let repaired = repaired_by(&body("leak(); leak(); leak()"), &mut chooser);
    assert_eq!(result(&repaired), body("leak(); done(); done()"));
    assert_eq!(outcomes(&repaired)[0], Outcome::Declined);
    assert_eq!(note(&repaired, 0), "not this one");
    assert_eq!(chooser.0.len(), 3, "each was asked about once");
}

#[test]
fn fingerprints_outlive_moved_lines_and_tell_equals_apart() {
    let prints = |source: &str| -> Vec<String> {
        let analysis = analyzed(source);
        analysis
            .proposals
            .into_iter()
            .map(|proposal| proposal.fingerprint)
            .collect()
    };
    let before = prints(&body("leak(); leak()"));
    assert_ne!(before[0], before[1]);
    assert_eq!(before, prints(&body("x(); y(); leak(); z();   leak()")));
    assert_ne!(before, prints(&body("go leak(); go leak()")));
    assert_eq!(before[0].len(), 32);
    // Held for ever: baselines of users rely on it.
    assert_eq!(before[0], prints(&body("leak()"))[0]);
}

#[test]
fn comments_accept_findings() {
    for (lines, accepted) in [
        (
            "//unleak:ignore leak it is meant to; leak()",
            Some("it is meant to"),
        ),
        ("leak() //unleak:ignore other,leak why not", Some("why not")),
        ("leak() //nolint:gosec,unleak // known", Some("known")),
        ("leak() //nolint:unleak", Some("")),
        ("leak() //unleak:ignore other", None),
        ("leak() //unleak:ignore", None),
        ("leak() //unleak:ignored leak", None),
        ("// unleak:ignore leak; leak()", None),
        ("//unleak:ignore leak; x(); leak()", None),
        ("s := \"//unleak:ignore leak\"; leak()", None),
        ("s := `\n//unleak:ignore leak\n`; leak()", None),
        ("leak(\"//unleak:ignore leak\", leak())", None),
    ] {
        let analysis = analyzed(&body(lines));
        let reasons: Vec<&str> = analysis.suppressed.iter().map(|(_, by)| &*by.reason).collect();
        assert_eq!(reasons, accepted.into_iter().collect::<Vec<_>>(), "{lines}");
        assert_eq!(analysis.proposals.len() + analysis.suppressed.len(), 1, "{lines}");
    }
}

#[test]
fn a_comment_above_a_declaration_accepts_it() {
    let analysis = analyzed("package p\n\n//unleak:ignore leak once\nvar x = leak()\n");
    assert_eq!((analysis.proposals.len(), analysis.suppressed.len()), (0, 1));
}

/// Suppresses everything.
struct Accept;

impl Choose for Accept {
    fn choose(&mut self, round: &Round<'_>) -> Vec<Decision> {
        let package = &round.analysis.package;
        let open = round.open.iter();
        open.map(|proposal| Decision::Suppress(accept(package, &proposal.finding)))
            .collect()
    }
}

fn accept(package: &Package, finding: &Finding) -> Fix {
    suppress(package, finding.place, &[&finding.rule.slug], " it  is\nmeant ")
}

#[test]
fn a_suppressed_finding_gets_its_comment() {
    let repaired = repaired_by(&body("leak()"), &mut Accept);
    assert_eq!(outcomes(&repaired), [Outcome::Suppressed]);
    assert_eq!(
        result(&repaired),
        body("//unleak:ignore leak it is meant; leak()")
    );
}

#[test]
fn a_file_with_a_syntax_error_is_left_alone() {
    let source = format!("{}\nfunc g() {{ leak( }}\n", body("leak()"));
    let repaired = repaired(&source);
    let refusal = repaired.analysis.proposals[0].remedy.as_ref().unwrap_err();
    assert_eq!(refusal.reason, Reason::SyntaxError);
    assert_eq!(outcomes(&repaired), [Outcome::Refused]);
}

#[test]
fn generated_files_and_context_have_no_findings() {
    let generated = format!("// Code generated by x. DO NOT EDIT.\n\n{}", body("leak()"));
    assert!(analyzed(&generated).proposals.is_empty());
    let mut package = package(&[&body("leak()"), &body("leak()")]);
    package.context.insert(FileId(1));
    let analysis = with_engine(&Config::default(), None, |engine| analyze(package, engine));
    assert_eq!(analysis.proposals.len(), 1);
}

#[test]
fn rules_can_be_switched_off_for_finding_and_for_fixing() {
    let listed = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let run = |config: &Config| {
        with_engine(config, None, |engine| {
            let analysis = analyze(package(&[&body("leak(); risky()")]), engine);
            repair(analysis, engine, &mut Automatic::new(true, None))
        })
    };
    let ignored = run(&Config {
        ignore: listed(&["leak"]),
        ..Config::default()
    });
    assert_eq!(result(&ignored), body("leak(); calm()"));
    assert_eq!(ignored.analysis.proposals.len(), 1);
    let unfixable = run(&Config {
        unfixable: listed(&["leak"]),
        ..Config::default()
    });
    assert_eq!(result(&unfixable), body("leak(); calm()"));
    assert_eq!(outcomes(&unfixable), [Outcome::Declined, Outcome::Fixed]);
}

#[test]
fn gofmt_has_the_last_word_on_clean_files_only() {
    let Some(gofmt) = gofmt::find() else { return };
    let literal =
        |key: &str, pad: &str| format!("package p\n\nvar t = T{{\n\t{key} 1,\n\tother:{pad}2,\n}}\n");
    let run = |source: &str| {
        with_engine(&Config::default(), Some(&gofmt), |engine| {
            let analysis = analyze(package(&[source]), engine);
            repair(analysis, engine, &mut Automatic::new(false, None))
        })
    };
    let clean = run(&literal("short:", " "));
    assert_eq!(result(&clean), literal("muchLonger:", "      "));
    let unclean = run(&literal("short:", "   "));
    assert_eq!(result(&unclean), literal("muchLonger:", "   "));
    // The parser lets this pass, gofmt does not.
    let refused = run("package p\n\nfunc f() {\n\tleak()\n}\n\nimport \"late\"\n");
    assert_eq!(outcomes(&refused), [Outcome::Failed]);
    assert!(
        note(&refused, 0).contains("even before the fix"),
        "{}",
        note(&refused, 0)
    );
}
