//! Rows of acquire/release knowledge: what has to be given back, and what lives as long as the process. Those of the
//! files and those of a user's config are written in this schema.

use serde::{Deserialize, Deserializer};

use super::key::{Key, fits_path};
use crate::rating::Severity;

/// One way to come by something that must be given back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// The slug of the rule that reports it; several rows may share one.
    pub rule: String,
    /// The rule's one line for lists.
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub severity: Severity,
    /// A good name for a variable that holds it: `rows`.
    #[serde(default = "resource")]
    pub name: String,
    /// What should have happened to it: "closed".
    #[serde(default = "released")]
    pub verb: String,
    /// The import path of the package that gives it; where it is left out, the keys tell it.
    #[serde(default)]
    pub package: String,
    /// Further import paths of the same package: its other major versions.
    #[serde(default)]
    pub also: Vec<String>,
    /// Functions and methods of that package.
    #[serde(default, deserialize_with = "keys_as_written")]
    pub acquire: Vec<Key>,
    /// Types of that package of which a literal is the resource: `Transport`.
    #[serde(default)]
    pub literal: Vec<String>,
    /// The field that a literal must set to be the resource; without it, it owns nothing.
    pub owns: Option<String>,
    /// Which result is the resource.
    #[serde(default)]
    pub result: usize,
    /// Which result is the error; none where acquiring cannot fail.
    pub error: Option<usize>,
    /// The field of the resource that holds the error, where no result does: `Error` of a gorm.DB.
    pub error_field: Option<String>,
    /// The field that has to be released, where it is not the resource itself: `Body` of a response.
    pub part: Option<String>,
    /// The methods that release, the one a repair calls first.
    #[serde(default)]
    pub release: Vec<String>,
    /// Whether the method that releases takes a `context.Context`.
    #[serde(default)]
    pub release_takes_context: bool,
    /// What else it takes, as it is written: `nil`.
    pub release_argument: Option<String>,
    /// Whether the resource is a function that releases when it is called: a cancel function.
    #[serde(default)]
    pub called: bool,
    /// Whether the method that releases gives no result, so that there is none to drop.
    #[serde(default)]
    pub quiet: bool,
    /// Methods that release by themselves once they answer false: `Next` of rows.
    #[serde(default)]
    pub drained_by: Vec<String>,
    /// Methods of the resource itself that release its part when they are done with it: `Write` of a response.
    #[serde(default)]
    pub spent_by: Vec<String>,
    /// Methods that start work which goes on behind the function and ends the resource with itself: `Shell` of an SSH
    /// session.
    #[serde(default)]
    pub started_by: Vec<String>,
    /// Which argument is a context that releases the resource where it ends: the transaction of `db.BeginTx`.
    pub ends_with: Option<usize>,
    /// Which result is a context that carries the resource, so that others can take it out and release it.
    pub carrier: Option<usize>,
    /// Functions of the package that put it into a context, and that take it out again.
    #[serde(default)]
    pub put_by: Vec<String>,
    #[serde(default)]
    pub taken_out_by: Vec<String>,
    /// `Field` and values for which there is nothing to release: a response of status 204.
    pub empty: Option<Empty>,
    /// Texts of the function that say that there is nothing to release: `http.MethodHead`.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Whether it is reported only where no request comes: per request it is a pool's rule that repairs it.
    #[serde(default)]
    pub set_up_only: bool,
    /// Whether the Close reports whether what was written is safe, so that it must be kept where its error is used.
    #[serde(default)]
    pub writes: bool,
    /// Whether it tells of work that goes on only while it is read, and that a release cuts off: the progress of a push.
    #[serde(default)]
    pub read_to_end: bool,
    /// Whether release may be called on nil, so that it needs no check of the error.
    #[serde(default)]
    pub nil_safe: bool,
    /// Whether a second release does nothing, so that a deferred one may stand beside others.
    #[serde(default = "yes")]
    pub idempotent: bool,
    /// Whether it is a context, which code works with as long as it runs: never part of a table.
    #[serde(skip)]
    pub is_context: bool,
    /// The type of the resource, as its own package writes it: `*DB`; of another package with its path.
    #[serde(rename = "type", alias = "gives")]
    pub gives: Option<String>,
    /// Whether nobody keeps one to hand it out twice, so that the type alone says that it is fresh: `*sql.Rows`.
    #[serde(default)]
    pub always_fresh: bool,
    /// A name for a package variable that holds it for all requests: `redisClient`.
    pub shared_name: Option<String>,
    /// Whether it is a pool of SQL connections that takes limits.
    #[serde(default)]
    pub limits: bool,
    /// Whether acquiring talks to the other side, so that it can fail for a moment.
    #[serde(default)]
    pub connects: bool,
    /// Which argument is a context that bounds no more than acquiring.
    pub context: Option<usize>,
    /// Whether it is an `io.Closer`, which fasthttp closes where `Locals` keeps it.
    #[serde(default = "yes")]
    pub closer: bool,
    /// Methods or fields that give what lies beneath, through which it can be released too: `DB` of a gorm.DB.
    #[serde(default, rename = "underlying", alias = "beneath")]
    pub beneath: Vec<String>,
    /// Why one for all requests would not do, and what would: then it is not shared.
    pub not_shared: Option<String>,
    /// A method that gives the resource itself back, and lets it keep nothing open behind its use.
    pub ended_by: Option<String>,
    /// The function of that package which made what the method is called on, in the same function; calls on other values
    /// do not count.
    pub made_by: Option<String>,
    /// Which argument it writes to, where the release writes the end of what it was given: nothing else holds that.
    pub sink: Option<usize>,
    /// What requests see of it once it is shared; then sharing changes what the program does.
    pub sharing_changes: Option<String>,
}

fn yes() -> bool {
    true
}

fn resource() -> String {
    "resource".to_owned()
}

fn released() -> String {
    "released".to_owned()
}

/// A field whose value says that nothing was acquired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Empty {
    pub field: String,
    /// Literals, or names of constants without their package.
    pub values: Vec<String>,
}

/// What is no key is kept as it is, to be complained of with its row and place.
fn keys_as_written<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Key>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    Ok(texts.iter().map(|text| Key::lenient(text)).collect())
}

impl Resource {
    /// The row as it is meant: keys that tell the package leave it to the row, and `Type.Method` and `a/b/...` are the old
    /// spellings of `(*Type).Method` and `a/b/*`.
    pub fn settled(mut self) -> Resource {
        for path in std::iter::once(&mut self.package).chain(&mut self.also) {
            if let Some(above) = path.strip_suffix("/...") {
                *path = format!("{above}/*");
            }
        }
        if self.package.is_empty() {
            let told = self.acquire.iter().find_map(|key| key.path.clone());
            self.package = told.unwrap_or_default();
        }
        for key in &mut self.acquire {
            match key.path.take() {
                Some(path) if path == self.package => {}
                Some(of) if key.receiver.is_none() && !of.contains(['/', '.']) => key.receiver = Some(of),
                other => key.path = other,
            }
        }
        self
    }

    /// The row, once for each import path.
    pub fn by_path(self) -> Vec<Resource> {
        let paths = std::iter::once(self.package.clone()).chain(self.also.clone());
        let row = |package| Resource {
            package,
            also: Vec::new(),
            ..self.clone()
        };
        paths.map(row).collect()
    }

    /// Whether the row is about the package `path`; `a/b/*` is every package below `a/b`.
    pub fn is_of(&self, path: &str) -> bool {
        fits_path(&self.package, path) || self.also.iter().any(|also| fits_path(also, path))
    }
}
