//! Repairs that reach into other packages of the module, with toy transforms: they come after all others, on what
//! those left, whole or not at all, and nothing new may show in the packages they reach.

use std::collections::BTreeMap;
use std::sync::Arc;

use memchr::memmem;
use unleak::config::Config;
use unleak::engine::plan::Change;
use unleak::engine::{
    Analysis, Automatic, CrossPackageRepair, Decided, Decision, Engine, Repaired, analyze, repair, suppress,
};
use unleak::go::{Loaded, Loader, Module, Package, Place, Program, SourceFile};
use unleak::text::{Edit, EditSet, Span};
use unleak::transform::{
    Alone, AnyTransform, Applicability, Confidence, Family, Finding, Fix, Outcome, Pass, Reason, Refusal,
    Rule, Severity, Sources, Transform,
};

/// Finds `needle` and puts `with` in its place; so it does with every `close()` of packages that import this one,
/// where it `reaches`.
struct Swap {
    slug: &'static str,
    needle: &'static str,
    with: &'static str,
    reaches: Option<&'static str>,
}

static LEAK: Swap = Swap {
    slug: "leak",
    needle: "leak()",
    with: "done()",
    reaches: None,
};
static OPEN: Swap = Swap {
    slug: "open",
    needle: "open()",
    with: "once()",
    reaches: Some("kept()"),
};
static HYDRA: Swap = Swap {
    slug: "hydra",
    needle: "hydra()",
    with: "tamed()",
    reaches: Some("leak()"),
};

static SUITE: [&dyn AnyTransform; 3] = [&LEAK, &OPEN, &HYDRA];

fn spans(bytes: &[u8], start: usize, needle: &str) -> Vec<Span> {
    let starts = memmem::find_iter(bytes, needle);
    starts
        .map(|at| Span::new(start + at, start + at + needle.len()))
        .collect()
}

impl Transform for Swap {
    type Site<'a> = (Place, Vec<Place>);

    fn name(&self) -> &'static str {
        "swap"
    }

    fn page(&self) -> &'static str {
        ""
    }

    fn rules(&self, _: &Config) -> Vec<Arc<Rule>> {
        let (family, severity) = (Family::Release, Severity::High);
        vec![Rule::new(
            "swap",
            self.slug,
            "",
            family,
            severity,
            Applicability::Safe,
        )]
    }

    fn needles(&self, _: &Config) -> Vec<String> {
        vec![self.needle.to_owned()]
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Self::Site<'a>> {
        let mut sites = Vec::new();
        for at in pass.package.declarations() {
            let closes = || {
                let importers = at.importers().filter(|_| self.reaches.is_some());
                let declarations = importers.flat_map(|importer| importer.declarations());
                let places = declarations.flat_map(|other| {
                    let spans = spans(other.bytes(), other.decl().span.start, "close()").into_iter();
                    spans.map(move |span| at.beside(other).place_of(span))
                });
                places.collect::<Vec<_>>()
            };
            for span in spans(at.bytes(), at.decl().span.start, self.needle) {
                sites.push((at.place_of(span), closes()));
            }
        }
        sites
    }

    fn finding(&self, pass: &Pass<'_>, (place, _): &Self::Site<'_>) -> Finding {
        Finding {
            rule: Transform::rules(self, pass.config).remove(0),
            place: *place,
            message: String::new(),
            confidence: Confidence::High,
            function: Some("f".to_owned()),
            related: Vec::new(),
        }
    }

    fn fix(&self, _: &Pass<'_>, (place, closes): &Self::Site<'_>) -> Result<Vec<Fix>, Refusal> {
        let mut edits: BTreeMap<_, EditSet> = BTreeMap::new();
        let swaps = closes
            .iter()
            .map(|place| (place, self.reaches.unwrap_or_default()));
        for (place, with) in swaps.chain([(place, self.with)]) {
            let set = edits.entry(place.file).or_default();
            set.push(Edit::replace(place.span, with)).unwrap();
        }
        Ok(vec![Fix {
            title: format!("Call {}", self.with),
            applicability: Applicability::Safe,
            edits: edits.into_iter().collect(),
            imports: Vec::new(),
            names: Vec::new(),
            lessens: false,
            leaves: Vec::new(),
        }])
    }
}

/// Files by path; a path that begins with `other/` belongs to another module.
struct Files(BTreeMap<&'static str, String>);

fn module_of(dir: &str) -> Module {
    match dir.starts_with("other") {
        true => Module::parse("other", "module ex.com/other\n"),
        false => Module::parse("", "module ex.com/app\n"),
    }
}

fn import_path(dir: &str) -> String {
    match dir.strip_prefix("other") {
        Some(below) => format!("ex.com/other{below}"),
        None => format!("ex.com/app/{dir}"),
    }
}

impl Files {
    fn files_in(&self, dir: &str) -> Vec<SourceFile> {
        let held = self
            .0
            .iter()
            .filter(|(path, _)| path.rsplit_once('/').unwrap().0 == dir);
        held.map(|(path, text)| SourceFile::new(*path, text.as_bytes()))
            .collect()
    }

    fn dirs(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(|path| path.rsplit_once('/').unwrap().0)
    }

    fn package(&self, dir: &str) -> Package {
        let program = Arc::new(Program::new(Files(self.0.clone())));
        let module = Arc::new(module_of(dir));
        Package::new(dir, Some(module), self.files_in(dir)).within(program)
    }
}

impl Loader for Files {
    fn load(&self, path: &str) -> Option<Loaded> {
        let dir = self.dirs().find(|dir| import_path(dir) == path)?;
        Some(Loaded {
            dir: dir.to_owned(),
            module: Some(Arc::new(module_of(dir))),
            files: self.files_in(dir),
            is_own: true,
        })
    }

    fn importers(&self, path: &str) -> Vec<String> {
        let holding = self.dirs().filter(|dir| {
            let mut files = self.files_in(dir).into_iter();
            files.any(|file| file.import_of(path).is_some())
        });
        let mut paths: Vec<String> = holding.map(import_path).collect();
        paths.dedup();
        paths
    }

    fn own(&self) -> Vec<String> {
        self.dirs().map(import_path).collect()
    }
}

fn files<const N: usize>(files: [(&'static str, &str); N]) -> Files {
    let text = |(path, lines): (&'static str, &str)| {
        let lines: Vec<String> = lines.split("; ").map(|line| format!("\t{line}\n")).collect();
        // What the lines call comes from a package that is not at hand.
        let import = match path.starts_with("db/") {
            true => "import . \"ex.com/words\"\n\n",
            false => "import . \"ex.com/words\"; import \"ex.com/app/db\"\n\n",
        };
        (
            path,
            format!("package p\n\n{import}func f() {{\n{}}}\n", lines.concat()),
        )
    };
    Files(files.map(text).into())
}

fn with_engine<R>(sources: &dyn Sources, run: impl FnOnce(&Engine<'_>) -> R) -> R {
    run(&Engine {
        suite: &SUITE,
        config: &Config::default(),
        sources,
        formatter: None,
        compiler: None,
    })
}

fn analyzed(files: &Files, dir: &str) -> Analysis {
    with_engine(&Alone, |engine| analyze(files.package(dir), engine))
}

fn automatic() -> Automatic {
    Automatic::new(false, None)
}

fn outcome(repaired: &Repaired) -> (Outcome, &str) {
    let ending = &repaired.endings[0];
    (ending.outcome, ending.note.as_deref().unwrap_or_default())
}

fn body(change: &Change) -> (&str, String) {
    let text = String::from_utf8(change.new.clone()).unwrap();
    let (_, body) = text.split_once("func f() {\n").unwrap();
    let lines: Vec<&str> = body.trim_end_matches("}\n").lines().map(str::trim).collect();
    (&change.path, lines.join("; "))
}

#[test]
fn other_packages_are_changed_on_what_their_own_repairs_left() {
    let files = files([
        ("db/db.go", "open()"),
        ("api/a.go", "x(); leak(); close()"),
        ("api/b.go", "leak()"),
        ("job/job.go", "close()"),
        ("lone/lone.go", "leak()"),
    ]);
    let mut joint = CrossPackageRepair::default();
    with_engine(&Alone, |engine| {
        for dir in ["api", "lone"] {
            let analysis = analyzed(&files, dir);
            assert!(!analysis.reaches_out());
            joint.take(repair(analysis, engine, &mut automatic()).changes);
        }
        let analysis = analyzed(&files, "db");
        assert!(analysis.reaches_out());
        let repaired = joint.repair(analysis, engine, &mut automatic());
        assert_eq!(outcome(&repaired), (Outcome::Fixed, "Call once()"));
    });
    let groups = joint.into_groups();
    let bodies: Vec<Vec<_>> = groups
        .iter()
        .map(|group| group.iter().map(body).collect())
        .collect();
    let owned = |path, text: &str| (path, text.to_owned());
    assert_eq!(
        bodies,
        [
            vec![owned("lone/lone.go", "done()")],
            vec![
                owned("api/a.go", "x(); done(); kept()"),
                owned("api/b.go", "done()"),
                owned("db/db.go", "once()"),
                owned("job/job.go", "kept()"),
            ],
        ]
    );
    for change in groups.iter().flatten() {
        assert_eq!(&*change.old, files.0[&*change.path].as_bytes(), "{}", change.path);
    }
}

#[test]
fn two_repairs_that_reach_one_file_follow_each_other() {
    let mut files = files([
        ("db/db.go", "open()"),
        ("db/cache/c.go", "open()"),
        ("api/a.go", "close()"),
    ]);
    let api = files.0.get_mut("api/a.go").unwrap();
    *api = api.replace(
        "import \"ex.com/app/db\"",
        "import (\n\t\"ex.com/app/db\"\n\t\"ex.com/app/db/cache\"\n)",
    );
    let mut joint = CrossPackageRepair::default();
    let ends: Vec<(Outcome, usize)> = with_engine(&Alone, |engine| {
        let repaired =
            ["db", "db/cache"].map(|dir| joint.repair(analyzed(&files, dir), engine, &mut automatic()));
        repaired.map(|it| (outcome(&it).0, it.changes.len())).to_vec()
    });
    // The second one finds the place changed already.
    assert_eq!(ends, [(Outcome::Fixed, 2), (Outcome::Fixed, 1)]);
    assert_eq!(joint.into_groups().concat().len(), 3);
}

#[test]
fn a_package_that_is_repaired_beside_others_leaves_them_alone() {
    let files = files([("db/db.go", "open(); leak()"), ("api/a.go", "close()")]);
    let repaired = with_engine(&Alone, |engine| {
        repair(analyzed(&files, "db"), engine, &mut automatic())
    });
    let paths: Vec<&str> = repaired.changes.iter().map(|change| &*change.path).collect();
    assert_eq!(paths, ["db/db.go"]);
    let ends: Vec<Outcome> = repaired.endings.iter().map(|ending| ending.outcome).collect();
    assert!(
        ends.contains(&Outcome::Deferred) && ends.contains(&Outcome::Fixed),
        "{ends:?}"
    );
}

#[test]
fn nothing_new_may_show_in_the_other_package() {
    let files = files([("db/db.go", "hydra()"), ("api/a.go", "x(); close()")]);
    let mut joint = CrossPackageRepair::default();
    let repaired = with_engine(&Alone, |engine| {
        joint.repair(analyzed(&files, "db"), engine, &mut automatic())
    });
    assert_eq!(
        outcome(&repaired),
        (Outcome::Failed, "the result newly finds leak at api/a.go:7")
    );
    assert!(joint.into_groups().is_empty());
}

struct Only(&'static str);

impl Sources for Only {
    fn users_of(&self, _: &Package, _: &str) -> Vec<String> {
        Vec::new()
    }

    fn is_searched(&self, path: &str) -> bool {
        path.starts_with(self.0)
    }
}

#[test]
fn one_file_that_is_not_to_be_edited_keeps_the_whole_repair_back() {
    let refused = |files: &Files, sources: &dyn Sources| {
        let analysis = with_engine(sources, |engine| analyze(files.package("db"), engine));
        let refusal = analysis.proposals[0].remedy.clone().unwrap_err();
        (refusal.reason, refusal.message)
    };
    let plain = files([("db/db.go", "open()"), ("api/a.go", "close()")]);
    let (reason, message) = refused(&plain, &Only("db/"));
    assert_eq!(reason, Reason::UsedElsewhere);
    assert!(
        message.starts_with("the repair changes api/a.go too, which the paths or the"),
        "{message}"
    );
    let foreign = files([("db/db.go", "open()"), ("other/a.go", "close()")]);
    let (_, message) = refused(&foreign, &Alone);
    assert!(
        message.contains("other/a.go too, which belongs to another module"),
        "{message}"
    );
    let mut generated = files([("db/db.go", "open()"), ("api/a.go", "close()")]);
    let api = generated.0.get_mut("api/a.go").unwrap();
    *api = format!("// Code generated by x. DO NOT EDIT.\n\n{api}");
    assert_eq!(refused(&generated, &Alone).0, Reason::GeneratedFile);
    let mut broken = files([("db/db.go", "open()"), ("api/a.go", "close()")]);
    broken.0.get_mut("api/a.go").unwrap().push_str("\nfunc {\n");
    assert_eq!(refused(&broken, &Alone).0, Reason::SyntaxError);
}

#[test]
fn what_a_person_decided_holds_for_the_fix_made_anew() {
    let files = files([("db/db.go", "open(); leak()"), ("api/a.go", "leak(); close()")]);
    let mut joint = CrossPackageRepair::default();
    let repaired = with_engine(&Alone, |engine| {
        joint.take(repair(analyzed(&files, "api"), engine, &mut automatic()).changes);
        let analysis = analyzed(&files, "db");
        let answer = |proposal: &unleak::transform::Proposal| {
            let fix = proposal.remedy.clone().unwrap().remove(0);
            let decision = match &*proposal.finding.rule.slug {
                "open" => Decision::Apply(fix),
                _ => Decision::Suppress(suppress(&analysis.package, proposal.finding.place, &["leak"], "")),
            };
            (proposal.fingerprint.clone(), decision)
        };
        let answers = analysis.proposals.iter().map(answer).collect();
        joint.repair(analysis, engine, &mut Decided::new(answers))
    });
    let mut ends: Vec<Outcome> = repaired.endings.iter().map(|ending| ending.outcome).collect();
    ends.sort_by_key(|outcome| format!("{outcome:?}"));
    assert_eq!(ends, [Outcome::Fixed, Outcome::Suppressed]);
    let changes = joint.into_groups().concat();
    let bodies: Vec<_> = changes.iter().map(body).collect();
    assert_eq!(bodies[0], ("api/a.go", "done(); kept()".to_owned()));
    assert_eq!(
        bodies[1],
        ("db/db.go", "once(); //unleak:ignore leak; leak()".to_owned())
    );
}
