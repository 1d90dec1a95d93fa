//! Patterns for paths, as `.gitignore` spells them.

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Which files something holds for.
#[derive(Clone, Debug)]
pub struct PathPatterns {
    lines: Vec<String>,
    matcher: Gitignore,
}

impl PathPatterns {
    /// Reads one pattern a line; an unreadable one comes back with what is wrong with it.
    pub fn new(lines: Vec<String>) -> Result<Self, (String, String)> {
        let mut builder = GitignoreBuilder::new("");
        for line in &lines {
            let wrong = |error: ignore::Error| (line.clone(), error.to_string());
            builder.add_line(None, line).map_err(wrong)?;
        }
        let whole = || lines.join(", ");
        let matcher = builder.build().map_err(|error| (whole(), error.to_string()))?;
        Ok(PathPatterns { lines, matcher })
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Whether the file `path`, or a folder that holds it, fits a pattern.
    pub fn matches(&self, path: &str) -> bool {
        let is_below = !path.starts_with('/') && !path.split('/').any(|part| part == "..");
        is_below && self.matcher.matched_path_or_any_parents(path, false).is_ignore()
    }
}

impl Default for PathPatterns {
    fn default() -> Self {
        PathPatterns {
            lines: Vec::new(),
            matcher: Gitignore::empty(),
        }
    }
}

impl PartialEq for PathPatterns {
    fn eq(&self, other: &Self) -> bool {
        self.lines == other.lines
    }
}

impl Eq for PathPatterns {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_files_and_the_folders_that_hold_them() {
        let lines = ["cmd/", "/internal/old", "*_gen.go", "!keep_gen.go"];
        let patterns = PathPatterns::new(lines.map(str::to_owned).to_vec()).unwrap();
        for path in [
            "cmd/main.go",
            "tools/cmd/x.go",
            "internal/old/a/b.go",
            "a/x_gen.go",
        ] {
            assert!(patterns.matches(path), "{path}");
        }
        for path in [
            "a/internal/old/b.go",
            "keep_gen.go",
            "a/command.go",
            "/cmd/x.go",
            "../cmd/x.go",
        ] {
            assert!(!patterns.matches(path), "{path}");
        }
        assert!(!PathPatterns::default().matches("a.go"));
    }

    #[test]
    fn an_unreadable_pattern_is_told() {
        let (pattern, _) = PathPatterns::new(vec!["[z-a]".to_owned()]).unwrap_err();
        assert_eq!(pattern, "[z-a]");
    }
}
