//! The shipped files for GitHub Actions and Kubernetes, read and run as those would: what they make together is what
//! one machine makes. (Slurm's is run by a real Slurm in `batch_slurm.rs`.)

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::support::command::Ran;
use crate::support::fleet::{Fleet, product};
use serde_json::Value;

fn shipped(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name);
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// The script of a step.
fn script(job: &Value, step: &str) -> String {
    let steps = job["steps"].as_array().unwrap();
    let found = steps.iter().find(|it| it["name"] == step).unwrap();
    found["run"].as_str().unwrap().to_owned()
}

/// `PATH` with a folder before all others.
fn path_with(first: &Path) -> String {
    format!("{}:{}", first.display(), std::env::var("PATH").unwrap())
}

/// A program that does what the script says.
fn program(folder: &Path, name: &str, script: &str) {
    fs::create_dir_all(folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A step as GitHub's runner starts it.
fn step(folder: &Path, bin: &Path, script: &str) -> Command {
    let mut bash = Command::new("bash");
    bash.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
        .current_dir(folder)
        .stdin(Stdio::null())
        .env("PATH", path_with(bin))
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env("GIT_CONFIG_GLOBAL", folder.join("gitconfig"));
    bash
}

fn one_machine(fleet: &Fleet) -> Vec<(PathBuf, Vec<u8>)> {
    let manifest = fleet.manifest();
    fleet
        .run(&["plan", manifest.to_str().unwrap(), "--out", "one"])
        .expect(0, &[]);
    product(&fleet.path().join("one"))
}

#[test]
fn the_github_matrix_makes_what_one_machine_makes() {
    let fleet = Fleet::with_leaks(9);
    let one = one_machine(&fleet);
    let workflow = shipped("github-actions.yml");
    let (plan, merge) = (&workflow["jobs"]["plan"], &workflow["jobs"]["merge"]);
    let shards = plan["strategy"]["matrix"]["shard"].as_array().unwrap();
    assert_eq!(plan["env"]["SHARDS"], "${{ strategy.job-total }}");
    fs::copy(fleet.manifest(), fleet.path().join("repositories.txt")).unwrap();
    let bin = Path::new(env!("CARGO_BIN_EXE_unleak")).parent().unwrap();
    fs::create_dir(fleet.path().join("shards")).unwrap();
    for shard in shards {
        let script = script(plan, "Plan").replace("${{ matrix.shard }}", &shard.to_string());
        let mut step = step(fleet.path(), bin, &script);
        step.env("SHARDS", shards.len().to_string());
        Ran::new(step.output().unwrap()).expect(0, &[]);
        // As artifacts are handed on: up by their own names, down into one folder.
        let name = format!("shard-{shard}");
        fs::rename(fleet.path().join(&name), fleet.path().join("shards").join(&name)).unwrap();
    }
    let mut step = step(fleet.path(), bin, &script(merge, "Merge"));
    step.env("GITHUB_STEP_SUMMARY", fleet.path().join("summary.md"));
    Ran::new(step.output().unwrap()).expect(0, &["9 of 9 repositories repaired"]);
    assert_eq!(one, product(&fleet.path().join("campaign")));
    let summary = fs::read_to_string(fleet.path().join("summary.md")).unwrap();
    assert!(summary.starts_with("# unleak campaign leaks"), "{summary}");
}

#[test]
fn the_github_matrix_tries_again_what_may_do_better_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let plan = &shipped("github-actions.yml")["jobs"]["plan"];
    let script = script(plan, "Plan").replace("${{ matrix.shard }}", "1");
    let bin = folder.path().join("bin");
    program(&bin, "sleep", "echo \"$1\" >> slept");
    // The codes of one try after the other, and how the step ends; how long it paused.
    for (codes, ends, slept) in [
        ("0", 0, ""),
        ("2", 2, ""),
        ("75 0", 0, "60\n"),
        ("75 2", 2, "60\n"),
        ("75 75 75", 75, "60\n300\n"),
    ] {
        fs::write(folder.path().join("codes"), codes.replace(' ', "\n") + "\n").unwrap();
        fs::write(folder.path().join("slept"), "").unwrap();
        program(
            &bin,
            "unleak",
            "code=$(head -1 codes); tail -n +2 codes > rest; mv rest codes; exit $code",
        );
        let output = step(folder.path(), &bin, &script).env("SHARDS", "8").output();
        assert_eq!(output.unwrap().status.code(), Some(ends), "{codes}");
        assert_eq!(fs::read_to_string(folder.path().join("slept")).unwrap(), slept);
        assert_eq!(fs::read_to_string(folder.path().join("codes")).unwrap(), "");
    }
}

#[test]
fn the_kubernetes_job_makes_what_one_machine_makes() {
    let fleet = Fleet::with_leaks(9);
    let one = one_machine(&fleet);
    let job = shipped("kubernetes-job.yaml");
    let pod = &job["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let completions = job["spec"]["completions"].as_u64().unwrap();
    // The places of the pod are folders of ours.
    let at = |place: &str| fleet.path().join("pod").join(place);
    let mounts = container["volumeMounts"].as_array().unwrap();
    for mount in mounts {
        let volumes = pod["volumes"].as_array().unwrap();
        assert!(
            volumes.iter().any(|volume| volume["name"] == mount["name"]),
            "{mount}"
        );
        fs::create_dir_all(at(mount["mountPath"].as_str().unwrap().trim_start_matches('/'))).unwrap();
    }
    fs::copy(fleet.manifest(), at("manifest/repositories.txt")).unwrap();
    let inside = |text: &str| match text.split_once('/') {
        Some((before, path)) => format!("{before}{}", at(path).display()),
        None => text.to_owned(),
    };
    for index in 0..completions {
        let mut unleak = crate::support::command::unleak(fleet.path());
        unleak.env("JOB_COMPLETION_INDEX", index.to_string());
        for variable in container["env"].as_array().unwrap() {
            let value = inside(variable["value"].as_str().unwrap());
            unleak.env(variable["name"].as_str().unwrap(), value);
        }
        assert_eq!(container["command"], serde_json::json!(["unleak"]));
        for argument in container["args"].as_array().unwrap() {
            let argument = argument.as_str().unwrap();
            unleak.arg(inside(
                &argument.replace("$(JOB_COMPLETION_INDEX)", &index.to_string()),
            ));
        }
        let said = format!("shard {}/{completions}, from Kubernetes", index + 1);
        Ran::new(unleak.output().unwrap()).expect(0, &[&said]);
    }
    let shards = (0..completions).map(|index| format!("pod/campaign/shard-{index}"));
    let shards: Vec<String> = shards.collect();
    let mut merge = vec!["merge", "--out", "merged"];
    merge.extend(shards.iter().map(String::as_str));
    fleet.run(&merge).expect(0, &["9 of 9 repositories repaired"]);
    assert_eq!(one, product(&fleet.path().join("merged")));
}

#[test]
fn the_kubernetes_job_gives_up_at_2_and_tries_again_at_75() {
    let spec = &shipped("kubernetes-job.yaml")["spec"];
    assert_eq!(spec["completionMode"], "Indexed");
    // Both are what the two actions need to have a meaning.
    assert!(spec["backoffLimitPerIndex"].as_u64().unwrap() > 0);
    assert_eq!(spec["template"]["spec"]["restartPolicy"], "Never");
    let rules = spec["podFailurePolicy"]["rules"].as_array().unwrap();
    let container = &spec["template"]["spec"]["containers"][0]["name"];
    for (code, action) in [(2, "FailIndex"), (75, "Count")] {
        let of_code = |rule: &&Value| {
            let codes = &rule["onExitCodes"];
            let values = codes["values"].as_array();
            codes["operator"] == "In" && values.is_some_and(|values| values.contains(&code.into()))
        };
        let rule = rules.iter().find(of_code).unwrap();
        assert_eq!(rule["action"], action);
        assert_eq!(&rule["onExitCodes"]["containerName"], container);
    }
}
