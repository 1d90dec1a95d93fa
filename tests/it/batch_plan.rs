//! `batch plan`, `status`, `resume` and `merge` on real bare repositories over file://.

use std::fs;
use std::path::Path;

use crate::support::fleet::{self, CLEAN, FILE, Fleet, ROWS, commit, git, product};
use crate::support::packages::{CALLER, DATABASE};

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The folder of the only repository whose key begins so.
fn unit(campaign: &Path, name: &str) -> std::path::PathBuf {
    let mut found = fs::read_dir(campaign.join("repos"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().contains(name));
    let first = found.next().unwrap_or_else(|| panic!("nothing of {name}"));
    assert_eq!(found.next(), None);
    first
}

#[test]
fn each_repository_gets_a_patch_a_report_and_a_description() {
    let mut fleet = Fleet::new();
    let leaky = fleet.add("leaky", &[("store/names.go", ROWS), ("store/size.go", FILE)]);
    fleet.add("clean", &[("add.go", CLEAN)]);
    let manifest = fleet.manifest();
    let before = fleet.refs();
    let ran = fleet.run(&[
        "plan",
        manifest.to_str().unwrap(),
        "--out",
        "c",
        "--campaign",
        "spring",
    ]);
    ran.expect(
        0,
        &["clean.git: no leaks found", "leaky.git: 2 of 2 findings repaired"],
    );

    let campaign = fleet.path().join("c");
    let folder = unit(&campaign, "leaky");
    let names: Vec<_> = product(&campaign).into_iter().map(|(path, _)| path).collect();
    for name in [
        "results.jsonl",
        "repositories.csv",
        "rules.csv",
        "refusals.csv",
        "findings.csv",
        "summary.md",
    ] {
        assert!(names.contains(&Path::new("report").join(name)), "{names:?}");
    }
    let commits: Vec<_> = fs::read_dir(folder.join("commits"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(commits.len(), 2, "one for each rule: {commits:?}");
    // The patch fits what it was made for, and what it makes has no leaks.
    let clone = fleet.path().join("clone");
    git(fleet.path(), &["clone", "-q", leaky.to_str().unwrap(), "clone"]);
    git(&clone, &["apply", folder.join("fix.patch").to_str().unwrap()]);
    crate::support::command::run(&clone, &["scan"]).expect(0, &[]);

    let report: serde_json::Value = serde_json::from_str(&text(&folder.join("report.json"))).unwrap();
    assert_eq!(report["summary"]["fixed"], 2);
    let described = text(&folder.join("change.md"));
    for part in [
        "`unclosed-rows`",
        "store/size.go",
        "unleak/spring",
        ".unleak-opt-out",
        "Is it safe?",
    ] {
        assert!(described.contains(part), "no {part} in {described}");
    }
    assert_eq!(fleet.refs(), before, "planning leaves the repositories alone");
}

#[test]
fn one_bad_repository_does_not_stop_the_run() {
    let mut fleet = Fleet::new();
    fleet.add("good", &[("store/names.go", ROWS)]);
    let manifest = fleet.path().join("m.txt");
    fs::write(
        &manifest,
        "gone.git\ngood.git\ngood.git/HEAD\nhttps://localhost:9/x/y\n",
    )
    .unwrap();
    let ran = fleet.run(&["plan", "m.txt", "--out", "c"]);
    ran.expect(
        2,
        &[
            "good.git: 1 of 1 findings repaired",
            "gone.git: failed: cannot fetch: fatal:",
            "localhost:9/x/y: cannot fetch: its server cannot be reached (may do better next time)",
        ],
    );
    let status = fleet.run(&["status", "c"]).expect(2, &[]).text();
    assert!(
        status.contains("failed     2") && status.contains("retryable  1"),
        "{status}"
    );

    // What failed for good is tried again when that is asked for, and only then.
    fleet.add("gone", &[("add.go", CLEAN)]);
    fleet.run(&["resume", "c"]).expect(2, &[]);
    let ran = fleet
        .run(&["resume", "c", "--retry-failed"])
        .expect(2, &["gone.git: no leaks found"]);
    assert!(!ran.stderr.contains("good.git:"), "{}", ran.stderr);
}

/// Cuts the file of an object short, so that whoever reads it fails.
fn damage(repository: &Path, object: &str) {
    let id = git(repository, &["rev-parse", object]);
    let (folder, file) = id.trim().split_at(2);
    let path = repository.join("objects").join(folder).join(file);
    let bytes = fs::read(&path).unwrap();
    // Git's objects are read-only; a new file is not.
    fs::remove_file(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
}

/// Packs are one file; damage wants objects on their own.
fn unpack(repository: &Path) {
    let packs = repository.join("objects/pack");
    for pack in fs::read_dir(&packs).unwrap() {
        let path = pack.unwrap().path();
        let moved = repository.join(path.file_name().unwrap());
        fs::rename(&path, &moved).unwrap();
        if moved.extension().is_some_and(|end| end == "pack") {
            let mut unpack = std::process::Command::new("git");
            unpack.args(["unpack-objects", "-q"]).current_dir(repository);
            let ran = unpack.stdin(fs::File::open(&moved).unwrap()).status();
            assert!(ran.unwrap().success());
        }
    }
}

#[test]
fn a_damaged_repository_is_told_in_the_same_words_each_time() {
    let mut fleet = Fleet::with_leaks(1);
    for name in ["blob", "tree"] {
        let path = fleet.add(name, &[("store/names.go", ROWS), ("store/add.go", CLEAN)]);
        unpack(&path);
        let object = match name {
            "blob" => "main:store/names.go",
            _ => "main:store",
        };
        damage(&path, object);
    }
    let manifest = fleet.manifest();
    let manifest = manifest.to_str().unwrap();
    let told = "failed: cannot fetch: the repository is damaged; `git fsck` in it says where";
    let products = ["1", "4", "1", "4"].iter().enumerate().map(|(at, jobs)| {
        let out = format!("c{at}");
        fleet
            .run(&["plan", manifest, "--out", &out, "-j", jobs])
            .expect(2, &[&format!("blob.git: {told}"), &format!("tree.git: {told}")]);
        product(&fleet.path().join(out))
    });
    let products: Vec<_> = products.collect();
    assert!(products.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn a_damaged_clone_is_made_anew() {
    let fleet = Fleet::with_leaks(1);
    let manifest = fleet.manifest();
    let plan = ["plan", manifest.to_str().unwrap(), "--out", "c", "--refresh"];
    fleet.run(&plan).expect(0, &["1 of 1 repositories repaired"]);
    let cache = fs::read_dir(fleet.path().join("cache/unleak")).unwrap();
    let clone = cache
        .map(|entry| entry.unwrap().path())
        .find(|path| path.is_dir())
        .unwrap();
    unpack(&clone);
    damage(&clone, "refs/unleak/base:store/names.go");
    fleet.run(&plan).expect(0, &["1 of 1 repositories repaired"]);
}

#[test]
fn only_retryable_failures_end_with_75() {
    let fleet = Fleet::with_leaks(1);
    fs::write(
        fleet.path().join("m.txt"),
        "http://localhost:9/x/y\nservice-000.git\n",
    )
    .unwrap();
    fleet
        .run(&["plan", "m.txt", "--out", "c"])
        .expect(75, &["localhost:9/x/y: cannot fetch"]);
    fleet.run(&["status", "c"]).expect(75, &[]);
}

#[test]
fn a_repository_is_stopped_at_its_time_and_size() {
    let mut fleet = Fleet::with_leaks(1);
    let big = format!("{ROWS}\n// {}\n", "x".repeat(300_000));
    fleet.add("big", &[("big.go", &big)]);
    let manifest = fleet.manifest();
    let manifest = manifest.to_str().unwrap();
    let ran = fleet.run(&["plan", manifest, "--out", "small", "--max-size", "200K"]);
    ran.expect(
        2,
        &[
            "big.git: failed: its Go files are larger than the limit",
            "service-000.git: 1 of 1",
        ],
    );
    fleet
        .run(&["plan", manifest, "--out", "tiny", "--max-size", "100"])
        .expect(
            2,
            &["big.git: failed: cannot fetch: it is larger than the limit (--max-size)"],
        );
    fleet
        .run(&["plan", manifest, "--out", "short", "--timeout", "1ms"])
        .expect(75, &["the time limit was reached"]);
    let ran = fleet.run(&["plan", manifest, "--out", "tight", "--memory", "40M"]);
    ran.expect(2, &["(--memory)"]);
}

#[test]
fn opted_out_repositories_are_left_alone() {
    let mut fleet = Fleet::new();
    fleet.add("out", &[("store/names.go", ROWS), (".unleak-opt-out", "")]);
    fleet.add("listed", &[("store/names.go", ROWS)]);
    let toml = "[[repository]]\nurl = \"out.git\"\n\n[[repository]]\nurl = \"listed.git\"\nopt-out = true\n";
    fs::write(fleet.path().join("m.toml"), toml).unwrap();
    let said = [
        "out.git: opted-out: it has a file .unleak-opt-out",
        "listed.git: opted-out: the manifest says so",
    ];
    fleet.run(&["plan", "m.toml", "--out", "c"]).expect(0, &said);
    assert!(!fleet.path().join("c/repos").exists());
}

#[test]
fn refs_and_subdirs_choose_what_is_looked_at() {
    let mut fleet = Fleet::new();
    let path = fleet.add("mono", &[("a/names.go", ROWS), ("b/size.go", FILE)]);
    commit(&path, "old", &[("add.go", CLEAN)]);
    fs::write(fleet.path().join("m.txt"), "mono.git#b\n").unwrap();
    fleet
        .run(&["plan", "m.txt", "--out", "c"])
        .expect(0, &["mono.git: 1 of 1 findings repaired"]);
    let patch = text(&unit(&fleet.path().join("c"), "mono").join("fix.patch"));
    assert!(
        patch.starts_with("diff --git a/b/size.go b/b/size.go\n"),
        "{patch}"
    );
    let report = text(&unit(&fleet.path().join("c"), "mono").join("report.json"));
    assert!(report.contains("\"path\": \"b/size.go\""), "{report}");
    fs::write(fleet.path().join("m.txt"), "mono.git@old\n").unwrap();
    fleet
        .run(&["plan", "m.txt", "--out", "d"])
        .expect(0, &["mono.git: no leaks found"]);
    fs::write(fleet.path().join("m.txt"), "mono.git@none\nmono.git#none\n").unwrap();
    fleet
        .run(&["plan", "m.txt", "--out", "e"])
        .expect(2, &["listed with two refs"]);
    fs::write(fleet.path().join("m.txt"), "mono.git#none\n").unwrap();
    fleet
        .run(&["plan", "m.txt", "--out", "e"])
        .expect(2, &["it has no folder `none` with Go files"]);
}

#[test]
fn a_campaign_goes_on_with_the_same_terms_only() {
    let fleet = Fleet::with_leaks(2);
    let manifest = fleet.manifest();
    let plan = ["plan", manifest.to_str().unwrap(), "--out", "c"];
    fleet.run(&plan).expect(0, &["2 of 2 repositories repaired"]);
    let first = product(&fleet.path().join("c"));
    let again = fleet.run(&plan).expect(0, &["2 of 2 repositories repaired"]);
    assert!(
        !again.stderr.contains("[1/2]"),
        "nothing is done twice: {}",
        again.stderr
    );
    assert_eq!(product(&fleet.path().join("c")), first);
    let other = fleet.run(&[&plan[..], &["--select", "unclosed-file"]].concat());
    other.expect(2, &["c holds a campaign with another choice of rules or fixes"]);
    let events = fleet
        .run(&["status", "c", "--journal", "--format", "jsonl"])
        .text();
    assert_eq!(
        events
            .lines()
            .filter(|line| line.contains("\"what\":\"repaired\""))
            .count(),
        2
    );
}

#[test]
fn the_number_of_workers_and_shards_does_not_show() {
    let mut fleet = Fleet::with_leaks(12);
    fleet.add("clean", &[("add.go", CLEAN)]);
    let manifest = fleet.manifest();
    let manifest = manifest.to_str().unwrap();
    fleet
        .run(&["plan", manifest, "--out", "one", "-j", "1"])
        .expect(0, &[]);
    fleet
        .run(&["plan", manifest, "--out", "four", "-j", "4"])
        .expect(0, &[]);
    let one = product(&fleet.path().join("one"));
    assert!(one.len() > 13 * 3);
    assert_eq!(one, product(&fleet.path().join("four")));
    let shards: Vec<String> = (1..=8).map(|index| format!("shard-{index}")).collect();
    for (at, shard) in shards.iter().enumerate() {
        let name = format!("{}/8", at + 1);
        fleet
            .run(&["plan", manifest, "--out", shard, "--shard", &name])
            .expect(0, &[]);
    }
    let mut merge = vec!["merge", "--out", "merged"];
    merge.extend(shards.iter().rev().map(String::as_str));
    fleet.run(&merge).expect(0, &["12 of 13 repositories repaired"]);
    assert_eq!(one, product(&fleet.path().join("merged")));
    let whole = fleet.run(&["status", "one", "--format", "jsonl"]).text();
    assert_eq!(
        whole,
        fleet.run(&["status", "merged", "--format", "jsonl"]).text()
    );

    let missing = [
        "merge", "--out", "x", "shard-1", "shard-3", "shard-4", "shard-5", "shard-6", "shard-7", "shard-8",
    ];
    fleet.run(&missing).expect(2, &["shards are missing: 2/8"]);
    let double = [&missing[..], &["shard-2", "shard-2"]].concat();
    fleet.run(&double).expect(2, &["shard 2/8 is there twice"]);
    fleet
        .run(&["merge", "--out", "x", "one"])
        .expect(2, &["one is a whole campaign and no shard"]);
    let auto = ["plan", manifest, "--out", "auto", "--shard", "auto"];
    fleet.run(&auto).expect(2, &["--shard auto found no variables"]);
    let mut command = fleet.batch(&auto);
    command
        .env("JOB_COMPLETION_INDEX", "2")
        .env("UNLEAK_SHARD_COUNT", "8");
    let ran = crate::support::command::Ran::new(command.output().unwrap());
    ran.expect(
        0,
        &["shard 3/8, from Kubernetes (JOB_COMPLETION_INDEX=2, UNLEAK_SHARD_COUNT=8)"],
    );
    assert_eq!(
        fleet::product(&fleet.path().join("auto")),
        fleet::product(&fleet.path().join("shard-3"))
    );
}

const GO_MOD: &str = "module example.com/app\n\ngo 1.25.0\n\nrequire github.com/gofiber/fiber/v2 v2.52.15\n";

#[test]
fn a_repair_of_two_packages_is_one_commit_with_what_else_changes_their_files() {
    let mut fleet = Fleet::new();
    let files = [
        ("go.mod", GO_MOD),
        ("database/db.go", DATABASE),
        ("handlers/ping.go", CALLER),
        ("store/size.go", FILE),
    ];
    let app = fleet.add("app", &files);
    let manifest = fleet.manifest();
    let ran = fleet.run(&["plan", manifest.to_str().unwrap(), "--out", "c"]);
    ran.expect(0, &["app.git: 3 of 3 findings repaired"]);
    let folder = unit(&fleet.path().join("c"), "app");
    let mut commits: Vec<_> = fs::read_dir(folder.join("commits"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    commits.sort();
    let names: Vec<_> = commits.iter().map(|path| path.file_name().unwrap()).collect();
    assert_eq!(names, ["01-unclosed-file.patch", "02-several-rules.patch"]);
    let cloned = |name: &str, patches: &[&Path]| {
        git(fleet.path(), &["clone", "-q", app.to_str().unwrap(), name]);
        let clone = fleet.path().join(name);
        for patch in patches {
            git(&clone, &["apply", patch.to_str().unwrap()]);
        }
        files.map(|(path, _)| text(&clone.join(path)))
    };
    let stepwise = cloned("stepwise", &[&commits[0], &commits[1]]);
    assert_eq!(stepwise, cloned("whole", &[&folder.join("fix.patch")]));
    assert!(stepwise[2].contains("\tdefer rows.Close()\n") && !stepwise[2].contains("db.Close"));
}
