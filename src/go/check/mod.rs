//! What the Go compiler and vet would say against a declaration or a file, as far as the model is certain: what it
//! does not know, it does not complain about.

mod assign;
mod assignable;
mod calls;
mod complaint;
mod declaration;
mod ends;
mod hidden;
mod labels;
mod members;
mod names;
mod package;
#[cfg(test)]
mod tests;
mod unreachable;
mod vet;

pub use complaint::{Complaint, Fault};
pub use declaration::of_declaration;
pub use hidden::hidden;
pub use package::{clashes, of_file};
