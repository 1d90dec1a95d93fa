//! What the engine is handed: the suite, the settings, the sources of other packages, and the tools that judge a
//! result. Tools are processes, so they are traits here; the outer floors implement them.

use crate::config::Config;
use crate::go::Package;
use crate::transform::{Sources, Suite};

/// What the engine works with.
pub struct Engine<'a> {
    pub suite: &'a Suite,
    pub config: &'a Config,
    pub sources: &'a dyn Sources,
    /// Absent where Go is: then the parser alone judges the result.
    pub formatter: Option<&'a dyn Formatter>,
    /// Present where a person wants the result compiled before it is written.
    pub compiler: Option<&'a dyn Compiler>,
}

/// gofmt, as the outer floors run it.
pub trait Formatter: Sync {
    /// Each source as gofmt prints it, or what gofmt says against it; as many answers as sources.
    fn format(&self, sources: &[&[u8]]) -> Vec<Result<Vec<u8>, String>>;
}

/// The Go compiler and vet, and the package's tests where wanted, as the outer floors run them.
pub trait Compiler: Sync {
    /// What they say against the packages in these folders that they do not say on disk: with the sources that
    /// `package` has and sees.
    fn compile(&self, package: &Package, folders: &[&str]) -> Result<(), String>;
}
