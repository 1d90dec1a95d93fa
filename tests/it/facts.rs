//! The facts about libraries: what lies in the source is what is in the binary.

use std::path::Path;

/// The files below `folder`.
fn files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let counted = entries.map(|path| if path.is_dir() { files(&path) } else { 1 });
    counted.sum()
}

#[test]
fn every_file_of_facts_is_in_the_binary() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/facts/libraries");
    let embedded = unleak::facts::paths().count();
    assert_eq!(embedded, files(&folder), "build again after a file came or went");
}
