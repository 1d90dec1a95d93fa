//! What makes a finding the same finding after lines moved: its rule, package, function and the text of its
//! lines, numbered among equals.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::go::Package;
use crate::transform::Finding;

/// Everything of a fingerprint but the ordinal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Key([String; 4]);

impl Key {
    /// Same rule, in the same function.
    pub fn is_akin(&self, other: &Key) -> bool {
        self.0[..3] == other.0[..3]
    }
}

/// The key of a finding of `package`.
pub(super) fn key(package: &Package, finding: &Finding) -> Key {
    let home = package.import_path().unwrap_or_else(|| package.home.clone());
    Key([
        finding.rule.slug.to_string(),
        home,
        finding.function.clone().unwrap_or_default(),
        snippet(package, finding),
    ])
}

/// The lines of the finding with runs of white space as one blank.
fn snippet(package: &Package, finding: &Finding) -> String {
    let source = &package.file(finding.place.file).source;
    let span = finding.place.span;
    let before = source.get(..span.start).unwrap_or_default();
    let behind = source.get(span.end..).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let end = memchr::memchr(b'\n', behind).map_or(source.len(), |at| span.end + at);
    let lines = String::from_utf8_lossy(source.get(start..end).unwrap_or_default());
    lines.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The fingerprint of each key, in hexadecimal digits.
pub(super) fn number(keys: &[Key]) -> Vec<String> {
    let mut seen: HashMap<&Key, usize> = HashMap::new();
    let mut digest = |key| {
        let ordinal = seen.entry(key).or_default();
        *ordinal += 1;
        hex(key, *ordinal)
    };
    keys.iter().map(&mut digest).collect()
}

fn hex(key: &Key, ordinal: usize) -> String {
    let mut hash = Sha256::new();
    for part in &key.0 {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.update((ordinal as u64).to_le_bytes());
    let digest = hash.finalize();
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
