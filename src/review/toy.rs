//! A transform small enough to see through, for tests of the review: every `open(…)` before `use` leaks;
//! `open(twice)` twice, and `open(unsafe)` without a safe fix.

use std::sync::Arc;

use crate::config::Config;
use crate::engine::{Analysis, Engine, analyze};
use crate::go::{FileId, Package, Place, SourceFile};
use crate::text::{Edit, EditSet, Span};
use crate::transform::{
    Alone, AnyTransform, Applicability, Confidence, Family, Finding, Fix, ImportNeed, Pass, Related, Remedy,
    Rule, Severity, Transform,
};

pub const SOURCE: &str = "package p\n\nfunc f() {\n\tx := open()\n\tuse(x)\n}\n";

struct Toy;

/// An `open(…)` with a line end behind it.
pub struct Open {
    span: Span,
    slug: &'static str,
    is_unsafe: bool,
}

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
        compiler: None,
    }
}

impl Transform for Toy {
    type Site<'a> = Open;

    fn name(&self) -> &'static str {
        "toy"
    }

    fn page(&self) -> &'static str {
        "# Toy\n"
    }

    fn rules(&self, _: &Config) -> Vec<Arc<Rule>> {
        vec![rule("unclosed-toy"), rule("twice-toy")]
    }

    fn needles(&self, _: &Config) -> Vec<String> {
        vec!["open(".to_owned()]
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Open> {
        let source = String::from_utf8_lossy(&pass.package.files[0].source);
        let mut found = Vec::new();
        for (argument, slugs) in [
            ("", &["unclosed-toy"][..]),
            ("unsafe", &["unclosed-toy"]),
            ("twice", &["unclosed-toy", "twice-toy"]),
        ] {
            let call = format!("open({argument})");
            for (at, _) in source.match_indices(&format!("{call}\n\tuse")) {
                found.extend(slugs.iter().map(|slug| Open {
                    span: Span::new(at, at + call.len()),
                    slug,
                    is_unsafe: argument == "unsafe",
                }));
            }
        }
        found
    }

    fn finding(&self, _: &Pass<'_>, site: &Open) -> Finding {
        let place = |span| Place {
            file: FileId(0),
            span,
        };
        let end = site.span.end;
        Finding {
            rule: rule(site.slug),
            place: place(site.span),
            message: "x is \x1b[2Jnever closed".to_owned(),
            confidence: Confidence::High,
            function: Some("f".to_owned()),
            related: vec![Related {
                place: place(Span::new(end + 2, end + 5)),
                message: "used here".to_owned(),
            }],
        }
    }

    fn fix(&self, _: &Pass<'_>, site: &Open) -> Remedy {
        let insert = |text: &str| Edit::insert(site.span.end + 1, text);
        let fix = |title: &str, text: &str, applicability| Fix {
            title: title.to_owned(),
            applicability,
            edits: vec![(FileId(0), EditSet::try_from(vec![insert(text)]).unwrap())],
            imports: vec![ImportNeed::Add(FileId(0), "io".to_owned())],
            names: Vec::new(),
            lessens: false,
            leaves: Vec::new(),
        };
        let mut fixes = vec![
            fix("Close x", "\tdefer io.Close(x)\n", Applicability::Safe),
            fix("Close x now", "\tio.Close(x)\n", Applicability::Unsafe),
        ];
        if site.is_unsafe {
            fixes.remove(0);
        }
        Ok(fixes)
    }
}

fn rule(slug: &str) -> Arc<Rule> {
    Arc::new(Rule {
        slug: slug.into(),
        title: "A toy is not closed".to_owned(),
        family: Family::Release,
        severity: Severity::High,
        applicability: Applicability::Safe,
        transform: "toy",
    })
}
