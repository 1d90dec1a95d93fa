//! Searches by name: which declarations of a package, and which packages of a module, can hold it.

use std::collections::BTreeSet;

use memchr::memmem;

use super::declaration::Declaration;
use super::interfaces::Interfaces;
use super::lexer::is_word;
use super::mentioned::Selections;
use super::package::{DeclId, FileId, Package};

/// What was found for the package under analysis, to be found once.
#[derive(Default)]
pub(super) struct Searches {
    pub selections: Selections,
    pub interfaces: Interfaces,
}

impl Package {
    /// The declarations whose source may hold the word `name`, in order.
    pub(super) fn declarations_holding(&self, name: &str) -> impl Iterator<Item = Declaration<'_>> {
        let files = self.files.iter().enumerate();
        let ids = files.flat_map(move |(file, source)| {
            let file = FileId(file);
            let places = source.words().holding(name);
            places.map(move |index| DeclId { file, index })
        });
        ids.map(|id| self.declaration(id))
    }

    /// The declarations whose source holds one of the texts, in order. For a text around a whole word, like `.Open(`,
    /// only those are searched that hold the word.
    pub fn declarations_with(&self, texts: &[String]) -> impl Iterator<Item = Declaration<'_>> {
        let mut found: BTreeSet<DeclId> = BTreeSet::new();
        for text in texts {
            let finder = memmem::Finder::new(text.as_bytes());
            let holds = |at: &Declaration<'_>| finder.find(at.bytes()).is_some();
            match whole_word(text) {
                Some(word) => found.extend(self.declarations_holding(word).filter(holds).map(|at| at.id)),
                None => found.extend(self.declarations().filter(holds).map(|at| at.id)),
            }
        }
        found.into_iter().map(|id| self.declaration(id))
    }
}

/// The first word of the text that it holds whole, and not only the beginning or end of.
fn whole_word(text: &str) -> Option<&str> {
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| is_word(*byte));
    let bytes = text.as_bytes();
    let ends_before = |at: &usize| !is_word(bytes.get(*at)) && is_word(bytes.get(at + 1));
    let start = (0..bytes.len()).find(ends_before)? + 1;
    let length = bytes[start..].iter().position(|byte| !is_word(Some(byte)))?;
    text.get(start..start + length)
}

impl<'a> Declaration<'a> {
    /// This package, and the other own ones in sight of the same root that may hold the word `name`.
    pub fn own_packages_holding(self, name: &str) -> impl Iterator<Item = &'a Package> {
        let root = self.root();
        let program = root.program().into_iter();
        let own = program.flat_map(|program| program.own_holding(name, &root.path));
        let others = own.map(|package| self.as_it_is(package));
        let others: Vec<_> = others
            .filter(|package| !std::ptr::eq(*package, self.package))
            .collect();
        std::iter::once(self.package).chain(others)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::SourceFile;

    #[test]
    fn a_text_holds_the_words_that_end_inside() {
        assert_eq!(whole_word(".Open("), Some("Open"));
        assert_eq!(whole_word("go func()"), Some("func"));
        assert_eq!(whole_word(" größe "), Some("größe"));
        for text in ["Open", "Open(", ".Open", "<-", ""] {
            assert_eq!(whole_word(text), None, "{text}");
        }
    }

    #[test]
    fn declarations_come_once_and_in_order() {
        let source =
            "package p\n\nvar a = x.Open()\n\nvar b = x.OpenFile()\n\nvar c = go1(y.Open, x.Open(x.Get()))\n";
        let package = Package::new("p", None, vec![SourceFile::new("p/f.go", source.as_bytes())]);
        let found = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| text.to_string()).collect();
            let titles = package.declarations_with(&texts).map(|at| at.title());
            titles.collect::<Vec<_>>()
        };
        assert_eq!(found(&[".Get(", ".Open("]), ["a", "c"]);
        assert_eq!(found(&["Open"]), ["a", "b", "c"]);
        assert!(found(&[".Shut("]).is_empty());
        let holding = package.declarations_holding("Open").map(|at| at.title());
        assert_eq!(holding.collect::<Vec<_>>(), ["a", "c"]);
    }
}
