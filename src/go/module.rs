//! What go.mod says.

use std::collections::{HashMap, HashSet};

/// `v3.0.0-beta.4` taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version<'a> {
    /// Major, minor, patch.
    pub numbers: (u32, u32, u32),
    /// What stands behind the `-`: `beta.4`, or a pseudo-version's time and commit.
    pub pre: Option<&'a str>,
}

/// A module's go.mod: its path, Go version and requirements.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Module {
    pub path: String,
    /// The folder of go.mod, relative to where names start, with `/`; empty for that folder itself.
    pub dir: String,
    /// The `go` line, as (major, minor).
    pub go: Option<(u32, u32)>,
    /// Module path to version as written, `v2.52.15`.
    pub requires: HashMap<String, String>,
    /// Those of them that only other requirements need.
    pub indirect: HashSet<String>,
    /// Module path to what stands in for it: at one version, or (`None`) whatever the version.
    pub replaces: HashMap<String, Vec<(Option<String>, Replacement)>>,
}

/// The right side of a `replace`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// A folder, relative to go.mod.
    Folder(String),
    Module {
        path: String,
        version: String,
    },
}

impl Module {
    /// Reads go.mod text. Total: unknown lines are passed over.
    pub fn parse(dir: impl Into<String>, text: &str) -> Self {
        let mut module = Module {
            dir: dir.into(),
            ..Module::default()
        };
        let mut block: Option<String> = None;
        for line in text.lines() {
            let (line, comment) = line.split_once("//").unwrap_or((line, ""));
            let is_indirect = comment.split(';').any(|part| part.trim() == "indirect");
            let mut words: Vec<&str> = line.split_whitespace().collect();
            match (&block, words.as_slice()) {
                (_, []) => continue,
                (Some(_), [")"]) => block = None,
                (None, [verb, "("]) => block = Some((*verb).to_owned()),
                (None, [verb, ..]) => {
                    let verb = *verb;
                    words.remove(0);
                    module.directive(verb, &words, is_indirect);
                }
                (Some(verb), words) => {
                    let verb = verb.clone();
                    module.directive(&verb, words, is_indirect);
                }
            }
        }
        module
    }

    fn directive(&mut self, verb: &str, words: &[&str], is_indirect: bool) {
        match (verb, words) {
            ("module", [path, ..]) => self.path = unquoted(path),
            ("go", [version, ..]) => self.go = version_pair(version),
            ("require", [path, version, ..]) => {
                self.requires.insert(unquoted(path), (*version).to_owned());
                self.indirect.extend(is_indirect.then(|| unquoted(path)));
            }
            ("replace", [path, at @ .., "=>", folder]) => {
                self.replace(path, at, Replacement::Folder(unquoted(folder)));
            }
            ("replace", [path, at @ .., "=>", other, version]) => {
                let module = Replacement::Module {
                    path: unquoted(other),
                    version: (*version).to_owned(),
                };
                self.replace(path, at, module);
            }
            _ => {}
        }
    }

    fn replace(&mut self, path: &str, at: &[&str], by: Replacement) {
        let at = at.first().map(|version| (*version).to_owned());
        self.replaces.entry(unquoted(path)).or_default().push((at, by));
    }

    /// What stands in for `path` at `version`; a line for that version counts before one for all.
    pub fn replacement(&self, path: &str, version: Option<&str>) -> Option<&Replacement> {
        let lines = self.replaces.get(path)?;
        let exact = lines
            .iter()
            .find(|(at, _)| at.is_some() && at.as_deref() == version);
        let any = || lines.iter().find(|(at, _)| at.is_none());
        exact.or_else(any).map(|(_, by)| by)
    }

    /// Whether the module's language has what Go `major.minor` brought. A module without a `go` line counts as
    /// Go 1.16, as the go command reads it.
    pub fn has_go(&self, major: u32, minor: u32) -> bool {
        self.go.unwrap_or((1, 16)) >= (major, minor)
    }

    /// The required version of `path`.
    pub fn version_of(&self, path: &str) -> Option<Version<'_>> {
        let version = self.requires.get(path)?.strip_prefix('v')?;
        let (numbers, pre) = match version.split_once('-') {
            Some((numbers, pre)) => (numbers, Some(pre)),
            None => (version, None),
        };
        let mut parts = numbers.split(['.', '+']).map(|part| part.parse().ok());
        let mut next = || parts.next().flatten();
        Some(Version {
            numbers: (next()?, next()?, next()?),
            pre,
        })
    }
}

fn unquoted(word: &str) -> String {
    word.trim_matches('"').to_owned()
}

fn version_pair(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    let digits = |part: &str| {
        let end = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        part[..end].parse().ok()
    };
    Some((digits(parts.next()?)?, digits(parts.next()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacements_are_folders_or_modules() {
        let text = "module m\nreplace a.b/c => ../c\nreplace (\n\td.e/f v1.0.0 => g.h/f v1.1.0\n)\n";
        let module = Module::parse("", text);
        let folder = Replacement::Folder("../c".to_owned());
        assert_eq!(module.replacement("a.b/c", Some("v0.1.0")), Some(&folder));
        let other = Replacement::Module {
            path: "g.h/f".to_owned(),
            version: "v1.1.0".to_owned(),
        };
        assert_eq!(module.replacement("d.e/f", Some("v1.0.0")), Some(&other));
        assert_eq!(module.replacement("d.e/f", Some("v1.0.1")), None);
    }

    #[test]
    fn reads_blocks_single_lines_and_comments() {
        let module = Module::parse(
            "svc",
            "module example.com/app // hi\n\ngo 1.23.4\n\nrequire github.com/a/b v1.2.3\nrequire (\n\tgithub.com/gofiber/fiber/v3 v3.0.0-beta.4 // indirect\n)\n",
        );
        assert_eq!(module.path, "example.com/app");
        assert!(module.has_go(1, 23) && !module.has_go(1, 24));
        let plain = module.version_of("github.com/a/b").unwrap();
        assert_eq!((plain.numbers, plain.pre), ((1, 2, 3), None));
        let fiber = module.version_of("github.com/gofiber/fiber/v3").unwrap();
        assert_eq!((fiber.numbers, fiber.pre), ((3, 0, 0), Some("beta.4")));
    }
}
