//! Holds `fixtures/go/<what>.txtar`: Go files, and what `unleak debug` draws of them: `-- cfg FILE --` and
//! `-- reach --`. `BLESS=1` rewrites the drawings; read the diff.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::command::run;
use crate::support::txtar::Archive;

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/go");
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    paths.sort();
    paths
}

/// What the command prints for the section `name`.
fn drawn(folder: &Path, name: &str) -> String {
    let arguments: Vec<&str> = name.split(' ').collect();
    let ran = run(folder, &[&["debug"], &*arguments].concat()).expect(0, &[]);
    ran.text()
}

#[test]
fn drawings_are_as_they_were() {
    let cases = cases();
    assert!(!cases.is_empty());
    for path in cases {
        let mut archive = Archive::parse(&fs::read_to_string(&path).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let is_drawing = |name: &str| name == "reach" || name.starts_with("cfg ");
        for (name, text) in archive.files.iter().filter(|(name, _)| !is_drawing(name)) {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        let names: Vec<String> = archive.files.iter().map(|(name, _)| name.clone()).collect();
        let drawings: Vec<String> = names.into_iter().filter(|name| is_drawing(name)).collect();
        assert!(!drawings.is_empty(), "{}: nothing to draw", path.display());
        for name in drawings {
            let drawing = drawn(folder.path(), &name);
            if std::env::var_os("BLESS").is_some() {
                archive.set(&name, drawing);
            } else {
                assert_eq!(archive.get(&name), Some(&*drawing), "{}: {name}", path.display());
            }
        }
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, archive.write()).unwrap();
        }
    }
}

#[test]
fn what_cannot_be_drawn_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f.go"), "package p\n\nfunc f() {}\n").unwrap();
    let drawn = run(folder.path(), &["debug", "cfg", "f.go:f"]).expect(0, &[]);
    assert!(drawn.text().contains("flowchart TD\n"));
    run(folder.path(), &["debug", "cfg", "f.go:g"]).expect(2, &["no function to draw in `f.go:g`"]);
}
