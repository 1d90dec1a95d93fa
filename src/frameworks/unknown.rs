//! Imports that look like a known framework in a major version of which no row speaks: what becomes of their handlers
//! is a guess, or nothing at all, and people want to know.

use std::fmt;

use memchr::memmem;
use serde::Serialize;

use super::major::Major;
use super::row::{Distance, Framework, TypeName};
use super::scope::Scope;
use crate::go::{Import, Package, SourceFile};

/// A major version of a known framework that is met without rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct UnknownVersion {
    pub import: String,
    /// How people call the framework.
    pub framework: String,
    /// The version whose rows stand in; none where its handlers have another shape.
    pub treated_as: Option<String>,
}

impl fmt::Display for UnknownVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnknownVersion {
            import, framework, ..
        } = self;
        write!(
            f,
            "{import} is a version of {framework} that unleak does not know: "
        )?;
        match &self.treated_as {
            Some(known) => write!(f, "treated as {known}"),
            None => write!(
                f,
                "its handlers are not recognised; [[framework]] in unleak.toml can describe them"
            ),
        }
    }
}

/// Those that the package imports and whose handlers it may have.
pub fn unknown_versions(package: &Package) -> Vec<UnknownVersion> {
    let scope = Scope::of(package);
    let mut found: Vec<UnknownVersion> = Vec::new();
    for file in &package.files {
        for import in &file.imports {
            let met = scope
                .known()
                .find_map(|framework| unknown(scope, framework, file, import));
            found.extend(met);
        }
    }
    told_once(found)
}

/// Each import once, with what some file shows it to be treated as.
pub fn told_once(mut found: Vec<UnknownVersion>) -> Vec<UnknownVersion> {
    // `None` comes first, and the last one stays.
    found.sort();
    found.reverse();
    found.dedup_by(|next, kept| next.import == kept.import);
    found.reverse();
    found
}

fn unknown(
    scope: &Scope,
    framework: &Framework,
    file: &SourceFile,
    import: &Import,
) -> Option<UnknownVersion> {
    let met = Major::of(&import.path, &framework.path).filter(|met| met.below.is_empty())?;
    let is_known = framework.majors().any(|major| major == met.number);
    if is_known || scope.tells_of(framework, &import.path) {
        return None;
    }
    let types: Vec<&TypeName> = framework.entries.iter().flat_map(|row| &row.takes.0).collect();
    let of_framework = types.into_iter().filter_map(|of| {
        let known = Major::of(&of.path, &framework.path).filter(|known| known.below.is_empty())?;
        Some((Distance::between(met.number, known.number), of))
    });
    let mut seen = of_framework
        .filter_map(|(distance, of)| Some((is_spelt(file, import.name(), of)?, distance, of)))
        .collect::<Vec<_>>();
    seen.sort_by_key(|(has_shape, distance, _)| (!has_shape, *distance));
    let (has_shape, _, of) = seen.first()?;
    Some(UnknownVersion {
        import: import.path.clone(),
        framework: framework.name.to_string(),
        treated_as: has_shape.then(|| of.path.clone()),
    })
}

/// Whether the file names the type under the name `package`, and whether it does in the shape of the row: as a
/// pointer, or not.
fn is_spelt(file: &SourceFile, package: &str, of: &TypeName) -> Option<bool> {
    let bytes: &[u8] = &file.source;
    let spelt = format!("{package}.{}", of.name);
    let is_word = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    let whole = memmem::find_iter(bytes, spelt.as_bytes()).filter(|at| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        !is_word(before) && !is_word(bytes.get(at + spelt.len()))
    });
    let shapes: Vec<bool> = whole
        .map(|at| bytes[..at].ends_with(b"*") == of.is_pointer)
        .collect();
    (!shapes.is_empty()).then(|| shapes.contains(&true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frameworks::scope::Servers;

    fn told(source: &str, users: &[Framework]) -> Vec<String> {
        let source = format!("package p\n\n{source}\n").into_bytes();
        let mut package = Package::new("p", None, vec![SourceFile::new("p/f.go", source)]);
        Scope::new(Servers::Required, users).attach(&mut package);
        unknown_versions(&package)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn what_is_guessed_is_told() {
        let gin = "import \"github.com/gin-gonic/gin/v2\"\n\nfunc f(c *gin.Context) {}";
        assert_eq!(
            told(gin, &[]),
            [
                "github.com/gin-gonic/gin/v2 is a version of gin that unleak does not know: treated as github.com/gin-gonic/gin"
            ]
        );
        let echo = "import e \"github.com/labstack/echo/v6\"\n\nfunc f(c *e.Context) {}";
        assert!(told(echo, &[])[0].ends_with("treated as github.com/labstack/echo/v5"));
        let echo = "import \"github.com/labstack/echo/v6\"\n\nfunc f(c echo.Context) {}";
        assert!(told(echo, &[])[0].ends_with("treated as github.com/labstack/echo/v4"));
        let other = "import \"github.com/gin-gonic/gin/v2\"\n\nfunc f(c gin.Context) {}";
        assert_eq!(
            told(other, &[]),
            [
                "github.com/gin-gonic/gin/v2 is a version of gin that unleak does not know: its handlers are not recognised; [[framework]] in unleak.toml can describe them"
            ]
        );
    }

    #[test]
    fn what_is_known_or_has_no_handlers_is_not() {
        assert!(
            told(
                "import \"github.com/gin-gonic/gin\"\n\nfunc f(c *gin.Context) {}",
                &[]
            )
            .is_empty()
        );
        assert!(
            told(
                "import \"github.com/gin-gonic/gin/v2/binding\"\n\nvar _ = binding.JSON",
                &[]
            )
            .is_empty()
        );
        let row = "name = \"gin\"\npath = \"github.com/gin-gonic/gin\"\n[[entry]]\nwhat = \"gin handler\"\ntakes = [\"github.com/gin-gonic/gin/v2.Context\"]";
        let users: Vec<Framework> = vec![toml::from_str(row).unwrap()];
        let gin = "import \"github.com/gin-gonic/gin/v2\"\n\nfunc f(c gin.Context) {}";
        assert!(told(gin, &users).is_empty());
    }

    #[test]
    fn one_file_that_shows_the_shape_is_enough() {
        let of = |treated_as: Option<&str>| UnknownVersion {
            import: "e.com/w/v2".to_owned(),
            framework: "w".to_owned(),
            treated_as: treated_as.map(str::to_owned),
        };
        let once = told_once(vec![of(None), of(Some("e.com/w")), of(None)]);
        assert_eq!(once, [of(Some("e.com/w"))]);
    }
}
