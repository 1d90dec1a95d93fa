//! What batch runs work on is other people's: nothing of it may run or lead out of its worktree, and nothing that
//! opens a door for us may be seen in what we write.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use crate::support::command::Ran;
use crate::support::fleet::{CLEAN, Fleet, ROWS, git};

const SECRET: &str = "s3cr3t";

#[test]
fn a_hostile_repository_runs_nothing_and_reaches_nothing() {
    let mut fleet = Fleet::new();
    let outside = fleet.path().join("outside.go");
    fs::write(&outside, ROWS).unwrap();
    let link = format!("link:{}", outside.display());
    let up = format!("link:{}", fleet.path().display());
    let modules = "[submodule \"s\"]\n\tpath = s\n\turl = ext::sh -c touch% PWNED\n";
    fleet.add(
        "hostile",
        &[
            ("store/names.go", ROWS),
            ("linked.go", &link),
            ("up", &up),
            (
                ".gitattributes",
                "*.go filter=evil diff=evil\nstore/*.go filter=lfs merge=lfs -text\n",
            ),
            ("s", "module:0123456789012345678901234567890123456789"),
            (".gitmodules", modules),
            (".gitignore", "*.go\n"),
        ],
    );
    let touch = format!("touch {}", fleet.path().join("PWNED").display());
    let config = format!(
        "[filter \"evil\"]\n\tsmudge = {touch}; cat\n\tclean = {touch}; cat\n\
         [filter \"lfs\"]\n\tprocess = {touch}\n\tsmudge = {touch}; cat\n\trequired = true\n[core]\n\thooksPath = {}\n\
         [init]\n\ttemplateDir = {}\n[submodule]\n\trecurse = true\n",
        fleet.path().join("hooks").display(),
        fleet.path().join("template").display()
    );
    fs::write(fleet.path().join("gitconfig"), config).unwrap();
    for folder in ["hooks", "template/hooks"] {
        let folder = fleet.path().join(folder);
        fs::create_dir_all(&folder).unwrap();
        for hook in [
            "post-checkout",
            "reference-transaction",
            "post-index-change",
            "pre-push",
        ] {
            let path = folder.join(hook);
            fs::write(&path, format!("#!/bin/sh\n{touch}\n")).unwrap();
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
    }
    let manifest = fleet.manifest();
    let ran = fleet.run(&["plan", manifest.to_str().unwrap(), "--out", "c"]);
    // One finding: the link is no way out, and the .gitignore of a stranger hides nothing.
    ran.expect(0, &["hostile.git: 1 of 1 findings repaired"]);
    assert!(!fleet.path().join("PWNED").exists());
    // The server of a local repository is this machine, and its own hooks are to run there.
    fs::remove_file(fleet.path().join("hooks/reference-transaction")).unwrap();
    fleet.run(&["publish", "c"]).expect(0, &["1 pushed"]);
    assert!(!fleet.path().join("PWNED").exists());
    assert_eq!(fs::read_to_string(&outside).unwrap(), ROWS);
}

/// Puts a commit on `main` whose root has one entry of any name, as no honest git would.
fn commit_entry(repository: &Path, name: &str, text: &str) {
    let feed = |arguments: &[&str], input: &str| {
        let mut child = Command::new("git")
            .args(arguments)
            .current_dir(repository)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "git {arguments:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let blob = feed(&["hash-object", "-w", "--stdin"], text);
    let file = feed(&["mktree"], &format!("100644 blob {blob}\tescaped.go\n"));
    let root = feed(&["mktree"], &format!("040000 tree {file}\t{name}\n"));
    let commit = feed(
        &[
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "commit-tree",
            "-m",
            "c",
            &root,
        ],
        "",
    );
    git(repository, &["update-ref", "refs/heads/main", &commit]);
}

#[test]
fn no_path_leaves_the_worktree() {
    let mut fleet = Fleet::with_leaks(1);
    for (name, entry) in [("up", ".."), ("git", ".git"), ("odd", ".GIT"), ("short", "GIT~1")] {
        let path = fleet.add(name, &[("add.go", CLEAN)]);
        commit_entry(&path, entry, ROWS);
    }
    let manifest = fleet.manifest();
    let ran = fleet.run(&["plan", manifest.to_str().unwrap(), "--out", "c"]);
    let told = "cannot check the files out: error: invalid path";
    let said = ["up", "git", "odd", "short"].map(|name| format!("{name}.git: failed: {told}"));
    let mut said: Vec<&str> = said.iter().map(String::as_str).collect();
    said.push("1 of 5 repositories repaired, 4 failed");
    ran.expect(2, &said);
    assert_eq!(files_named(fleet.path(), "escaped.go"), 0);
}

/// How many files of this name are anywhere below a folder.
fn files_named(folder: &Path, name: &str) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let counts = entries.map(|entry| match entry.file_type().unwrap().is_dir() {
        true => files_named(&entry.path(), name),
        false => usize::from(entry.file_name() == name),
    });
    counts.sum()
}

/// Fails where the secret stands in a file below the folder.
#[track_caller]
fn expect_no_secret(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            expect_no_secret(&path);
        } else {
            let bytes = fs::read(&path).unwrap();
            let is_there = bytes.windows(SECRET.len()).any(|part| part == SECRET.as_bytes());
            assert!(!is_there, "{} holds the secret", path.display());
        }
    }
}

#[track_caller]
fn expect_silent(ran: &Ran) {
    assert!(!ran.stderr.contains(SECRET), "{}", ran.stderr);
    assert!(!ran.text().contains(SECRET), "{}", ran.text());
}

#[test]
fn no_url_with_a_secret_is_taken_or_repeated() {
    let fleet = Fleet::new();
    for url in [
        "https://me:s3cr3t@forge.example/x/y",
        "https://s3cr3t@forge.example/x/y",
        "https://forge.example/x/y?access_token=s3cr3t",
        "me:s3cr3t@forge.example/x/y",
        "me:s3cr3t@forge.example/x/y@main#sub",
    ] {
        fs::write(fleet.path().join("m.txt"), format!("{url}\n")).unwrap();
        let ran = fleet
            .run(&["plan", "m.txt", "--out", "c"])
            .expect(2, &["the URL of `forge.example/x/y", "end up in logs"]);
        expect_silent(&ran);
        assert!(!fleet.path().join("c").exists());
    }
}

/// A server that wants a password for everything and takes none.
fn locked_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut byte = [0; 1];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) > 0 {
                request.push(byte[0]);
            }
            let answer = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"forge\"\r\n\
                          Content-Length: 0\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    port
}

/// A program of this name in a folder that comes first in PATH: writes down its arguments or its environment, then
/// does what it should.
#[cfg(unix)]
fn spy(folder: &Path, program: &str, notes: &str) {
    use std::os::unix::fs::PermissionsExt;
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .output()
        .unwrap();
    let real = String::from_utf8(found.stdout).unwrap();
    let log = folder.join(format!("{program}.log"));
    let bin = folder.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let path = bin.join(program);
    let script = format!(
        "#!/bin/sh\n{{ {notes}; }} >> {}\nexec {} \"$@\"\n",
        log.display(),
        real.trim()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
#[cfg(unix)]
fn the_machine_s_secrets_reach_no_log_no_argument_and_no_worker() {
    let fleet = Fleet::with_leaks(1);
    let port = locked_server();
    let config = format!(
        "[credential]\n\thelper = \"!f() {{ echo username=me; echo password={SECRET}; }}; f\"\n\
         [url \"http://me:{SECRET}@localhost:{port}/\"]\n\tinsteadOf = https://forge.example/\n"
    );
    fs::write(fleet.path().join("gitconfig"), config).unwrap();
    let lines =
        format!("http://localhost:{port}/x/helped\nhttps://forge.example/x/rewritten\nservice-000.git\n");
    fs::write(fleet.path().join("m.txt"), lines).unwrap();
    let seen = fleet.path().join("seen");
    spy(&seen, "git", "printf '%s\\n' \"$@\"");
    let has_gofmt = Command::new("gofmt").stdin(Stdio::null()).output().is_ok();
    if has_gofmt {
        spy(&seen, "gofmt", "env");
    } else {
        crate::support::go::tell(
            "skipped: gofmt is not on this machine, the worker's environment was not looked at",
        );
    }
    let path = std::env::var("PATH").unwrap();
    let run = |arguments: &[&str]| {
        let mut command = fleet.batch(arguments);
        command.env("PATH", format!("{}:{path}", seen.join("bin").display()));
        for name in ["GITHUB_TOKEN", "GITLAB_TOKEN", "UNLEAK_TEST_PASSWORD"] {
            command.env(name, SECRET);
        }
        let ran = Ran::new(command.output().unwrap());
        expect_silent(&ran);
        ran
    };
    let ran = run(&["plan", "m.txt", "--out", "c"]);
    let told =
        format!("cannot fetch: fatal: Authentication failed for 'http://localhost:{port}/x/rewritten/'");
    ran.expect(
        2,
        &[
            &told,
            "x/helped: failed",
            "service-000.git: 1 of 1 findings repaired",
        ],
    );
    run(&["publish", "c"]).expect(0, &["1 pushed"]);
    run(&["status", "c", "--journal"]).expect(0, &[]);
    expect_no_secret(&fleet.path().join("c"));
    expect_no_secret(&fleet.path().join("cache"));
    expect_no_secret(&seen);
    let arguments = fs::read_to_string(seen.join("git.log")).unwrap();
    assert!(
        arguments.contains("fetch") && arguments.contains("push"),
        "git was seen"
    );
    if has_gofmt {
        let environment = fs::read_to_string(seen.join("gofmt.log")).unwrap();
        assert!(environment.contains("PATH=") && !environment.contains("GITHUB_TOKEN"));
    }
}
