//! Who checks a repair.

use clap::ValueEnum;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Verify {
    /// The built-in checker, and gofmt where it is found
    #[default]
    Auto,
    /// The built-in parser and checker
    Syntax,
    /// The built-in checker and gofmt, which must be there
    Gofmt,
    /// gofmt, then `go build` and `go vet` of the packages with their changes, before anything is written
    Build,
    /// As build, then `go test` of these packages: runs their code
    Test,
}
