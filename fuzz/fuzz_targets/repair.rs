//! Repairs mutants of fixtures in memory, as long as one likes, and holds the results to the laws that need no Go:
//! nothing panics, what is written parses, a second run changes nothing, and a patch gives the bytes of the edits.
//! The input chooses the case and the mutations; the code is what the plain test `fuzz_repairs` uses.
#![no_main]

use std::sync::{Arc, OnceLock};

use cases::Seed;
use git::Repository;
use libfuzzer_sys::fuzz_target;
use mutate::mutate;
use program::{Files, Repairer, applied};
use unleak::config::Profile;
use unleak::go::{Module, SourceFile};
use unleak::engine::plan::Change;
use unleak::text::{FilePatch, patch};

#[path = "../../tests/it/support/cases.rs"]
#[allow(dead_code, reason = "this program uses its part")]
mod cases;
#[path = "../../tests/it/support/git.rs"]
#[allow(dead_code, reason = "this program uses its part")]
mod git;
#[path = "../../tests/it/support/mutate/mod.rs"]
mod mutate;
#[path = "../../tests/fixtures/program.rs"]
#[allow(dead_code, reason = "this program uses its part")]
mod program;
#[path = "../../tests/it/support/txtar.rs"]
#[allow(dead_code, reason = "this program uses its part")]
mod txtar;

const GO_MOD: &str = include_str!("../../fixtures/fuzz/go.mod");

fn seeds() -> &'static [Seed] {
    static SEEDS: OnceLock<Vec<Seed>> = OnceLock::new();
    SEEDS.get_or_init(|| cases::seeds(GO_MOD))
}

fuzz_target!(|input: (u16, bool, u64)| {
    let (case, is_general, seed) = input;
    let seeds = seeds();
    let mutant = mutate(&seeds[usize::from(case) % seeds.len()].files, seed);
    let repairer = Repairer {
        profile: if is_general {
            Profile::General
        } else {
            Profile::Auto
        },
        unsafe_fixes: true,
        formatter: None,
    };
    let module = Arc::new(Module::parse("", GO_MOD));
    let changes = repairer.run(&module, &mutant.files).changes;
    let after = applied(&mutant.files, &changes);
    for change in &changes {
        assert!(
            parses(&change.new) || !parses(&change.old),
            "{} is broken",
            change.path
        );
    }
    let again = repairer.run(&module, &after).changes;
    assert!(again.is_empty(), "a second run changes {}", again[0].path);
    // Starting git takes longer than all the rest.
    if seed % 64 == 0 && !changes.is_empty() {
        patch_gives(&mutant.files, &changes, &after);
    }
});

fn parses(source: &[u8]) -> bool {
    let file = SourceFile::new("f.go", source);
    for decl in &file.decls {
        file.tree(decl);
    }
    file.syntax_error().is_none()
}

fn patch_gives(before: &Files, changes: &[Change], after: &Files) {
    let sources = before
        .iter()
        .map(|(path, source)| (path.as_str(), source.as_slice()));
    let repository = Repository::with(sources);
    let one = |change: &Change| {
        patch(&FilePatch {
            path: change.path.as_bytes(),
            old: &change.old,
            new: &change.new,
        })
    };
    let patch: Vec<u8> = changes.iter().flat_map(one).collect();
    repository.apply(&patch, false).unwrap();
    for (path, source) in after {
        assert!(
            repository.read(path) == *source,
            "the patch gives other bytes for {path}"
        );
    }
}
