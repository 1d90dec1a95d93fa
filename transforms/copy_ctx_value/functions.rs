//! Functions of other packages that give back or keep a string they are given.

use crate::facts::{Facts, Function, Library};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// The result may share its memory.
    Through,
    /// The result is a slice of parts of it.
    Parts,
    Keeps,
}

/// What `function` does with a string; `None` where it is not known to do anything with it.
pub fn known(facts: &Facts, function: Function<'_>) -> Option<Known> {
    let said = |library: &Library| {
        let strings = &library.strings;
        let lists = [
            (&strings.through, Known::Through),
            (&strings.parts, Known::Parts),
            (&strings.keeps, Known::Keeps),
        ];
        let mut lists = lists.into_iter();
        lists
            .find(|(keys, _)| keys.name(function))
            .map(|(_, known)| known)
    };
    facts.find(function.path, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_that_go_through_are_told_from_kept_ones() {
        let known = |path, receiver, name| known(&Facts::default(), Function { path, receiver, name });
        assert_eq!(known("strings", None, "TrimSpace"), Some(Known::Through));
        assert_eq!(known("strings", None, "Clone"), None);
        let semconv = "go.opentelemetry.io/otel/semconv/v1.26.0";
        assert_eq!(known(semconv, None, "URLPath"), Some(Known::Keeps));
        let prometheus = "github.com/prometheus/client_golang/prometheus";
        assert_eq!(
            known(prometheus, Some("CounterVec"), "WithLabelValues"),
            Some(Known::Keeps)
        );
    }
}
