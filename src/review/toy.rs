//! A transform small enough to see through, for tests of the review: every `open()` leaks.

use std::sync::Arc;

use crate::config::Config;
use crate::go::{FileId, Package, Place, SourceFile};
use crate::pipeline::{Analysis, Engine, analyze};
use crate::text::{Edit, EditSet, Span};
use crate::transform::{
    Alone, AnyTransform, Applicability, Confidence, Family, Finding, Fix, ImportNeed, Pass, Refusal, Related,
    Rule, Severity, Transform,
};

pub const SOURCE: &str = "package p\n\nfunc f() {\n\tx := open()\n\tuse(x)\n}\n";

struct Toy;

static SUITE: [&dyn AnyTransform; 1] = [&Toy];

/// The findings in one file.
pub fn analysis(source: &str) -> Analysis {
    let package = Package::new("p", None, vec![SourceFile::new("p/f.go", source.as_bytes())]);
    analyze(package, &engine(&Config::default()))
}

pub fn engine(config: &Config) -> Engine<'_> {
    Engine {
        suite: &SUITE,
        config,
        sources: &Alone,
        formatter: None,
    }
}

impl Transform for Toy {
    /// Where `open()` stands.
    type Site<'a> = usize;

    fn name(&self) -> &'static str {
        "toy"
    }

    fn page(&self) -> &'static str {
        "# Toy\n"
    }

    fn rules(&self, _: &Config) -> Vec<Arc<Rule>> {
        vec![rule()]
    }

    fn needles(&self, _: &Config) -> Vec<String> {
        vec!["open()".to_owned()]
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<usize> {
        let source = &pass.package.files[0].source;
        let calls = memchr::memmem::find_iter(source, "open()\n\tuse");
        calls.collect()
    }

    fn finding(&self, _: &Pass<'_>, site: &usize) -> Finding {
        let place = |start, end| Place {
            file: FileId(0),
            span: Span::new(start, end),
        };
        Finding {
            rule: rule(),
            place: place(*site, site + 6),
            message: "x is \x1b[2Jnever closed".to_owned(),
            confidence: Confidence::High,
            function: Some("f".to_owned()),
            related: vec![Related {
                place: place(site + 8, site + 11),
                message: "used here".to_owned(),
            }],
        }
    }

    fn fix(&self, _: &Pass<'_>, site: &usize) -> Result<Vec<Fix>, Refusal> {
        let fix = |title: &str, text: &str, applicability| Fix {
            title: title.to_owned(),
            applicability,
            edits: vec![(
                FileId(0),
                EditSet::try_from(vec![Edit::insert(site + 7, text)]).unwrap(),
            )],
            imports: vec![ImportNeed::Add(FileId(0), "io".to_owned())],
        };
        Ok(vec![
            fix("Close x", "\tdefer io.Close(x)\n", Applicability::Safe),
            fix("Close x now", "\tio.Close(x)\n", Applicability::Unsafe),
        ])
    }
}

fn rule() -> Arc<Rule> {
    Arc::new(Rule {
        slug: "unclosed-toy".into(),
        title: "A toy is not closed".to_owned(),
        family: Family::Release,
        severity: Severity::High,
        applicability: Applicability::Safe,
        transform: "toy",
    })
}
