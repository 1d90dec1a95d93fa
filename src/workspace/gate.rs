//! The literal gate: files without any literal that matters are not looked at.

use aho_corasick::packed::Searcher;
use memchr::memmem::Finder;

/// The most literals that one packed searcher takes on without losing its speed.
const PACKED_LIMIT: usize = 64;

/// Answers at memory speed whether a file can hold anything of interest: at least one of the literals.
pub struct Gate {
    searches: Vec<Search>,
}

enum Search {
    Packed(Searcher),
    /// Where the machine or the literals do not allow packed search: a single literal at a time.
    Single(Finder<'static>),
}

impl Gate {
    /// A gate without literals lets nothing pass; the empty literal is in every file.
    pub fn new<N: AsRef<[u8]>>(needles: impl IntoIterator<Item = N>) -> Self {
        let needles = without_implied(
            needles
                .into_iter()
                .map(|needle| needle.as_ref().to_vec())
                .collect(),
        );
        let searches = needles.chunks(PACKED_LIMIT).flat_map(searches).collect();
        Gate { searches }
    }

    pub fn passes(&self, bytes: &[u8]) -> bool {
        self.searches.iter().any(|search| match search {
            Search::Packed(searcher) => searcher.find(bytes).is_some(),
            Search::Single(finder) => finder.find(bytes).is_some(),
        })
    }
}

fn searches(needles: &[Vec<u8>]) -> Vec<Search> {
    match Searcher::new(needles) {
        Some(searcher) => vec![Search::Packed(searcher)],
        None => needles
            .iter()
            .map(|needle| Search::Single(Finder::new(needle).into_owned()))
            .collect(),
    }
}

/// A literal that holds another one adds nothing: where it is, the other is as well.
fn without_implied(mut needles: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    needles.sort_by(|a, b| a.len().cmp(&b.len()).then_with(|| a.cmp(b)));
    let mut kept: Vec<Vec<u8>> = Vec::new();
    for needle in needles {
        let is_implied = |shorter: &Vec<u8>| Finder::new(shorter).find(&needle).is_some();
        if !kept.iter().any(is_implied) {
            kept.push(needle);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_literal_opens_the_gate() {
        let gate = Gate::new([".Query(", "sql.Open", "db.Query("]);
        assert!(gate.passes(b"x := sql.Open(a)"));
        assert!(gate.passes(b"db.Query(q)"));
        assert!(!gate.passes(b"sql.Openly is not, .query( neither: sql.Ope"[..0].as_ref()));
        assert!(!gate.passes(b"sql.Ope .Query"));
        assert!(!Gate::new([""; 0]).passes(b"anything"));
        assert!(Gate::new(["a", ""]).passes(b""));
    }

    #[test]
    fn hundreds_of_literals_are_all_found() {
        let needles: Vec<String> = (0..300).map(|number| format!("Open{number:03}(")).collect();
        let gate = Gate::new(&needles);
        for needle in &needles {
            let file = format!("package a\n{} x {needle}\n", "y".repeat(200));
            assert!(gate.passes(file.as_bytes()), "{needle}");
        }
        assert!(!gate.passes(b"package a\n// Open300( Open(\n"));
    }

    #[test]
    fn single_bytes_are_literals_too() {
        let gate = Gate::new(["\u{1}", "zz"]);
        assert!(gate.passes(b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x01"));
        assert!(!gate.passes(b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaz"));
    }
}
