//! One package: analyse, let someone choose, plan, verify, and again until nothing is left to do. Knows no transform
//! by name and touches no file, process or terminal: sources and verifiers are handed in.
//!
//! In reading order, each over those before it: `verifiers` (what is handed in) ─▶ `analysis` (the findings of a
//! package, with `fingerprint` and `suppression`) ─▶ `plan` (fixes to file contents) ─▶ `verify` (the gate) ─▶
//! `choose` and `policy` (who decides) ─▶ `run` and `rounds` (one package to its end) ─▶ `joint` (repairs
//! that reach into other packages).

mod analysis;
mod choose;
mod cross_package;
mod fingerprint;
pub mod plan;
mod policy;
mod rounds;
mod run;
mod suppression;
mod verifiers;
pub mod verify;

pub use analysis::{Analysis, analyze};
pub use choose::{Choose, Decision, Round};
pub use cross_package::CrossPackageRepair;
pub use policy::{Automatic, Decided, allowed_fixes};
pub use rounds::{Ending, Repaired, repair};
pub use suppression::{Suppression, suppress};
pub use verifiers::{Compiler, Engine, Formatter};
