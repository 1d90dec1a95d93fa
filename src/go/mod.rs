//! Floor 2: what Go source says. Syntax, packages, scopes, types, calls and control flow. Knows nothing of
//! leaks, Fiber, edits or files on disk; *Unknown* is an answer.

mod build_tags;
mod calls;
pub mod cfg;
pub mod check;
mod declaration;
mod flow;
mod interfaces;
mod lexer;
mod mentioned;
mod module;
mod package;
mod program;
mod resolve;
mod scope;
mod search;
mod signatures;
mod source;
mod spelled;
pub mod syntax;
mod types;
mod words;

pub use calls::Callee;
pub use declaration::Declaration;
pub use interfaces::Interface;
pub use lexer::{Word, first_indentation, words};
pub use mentioned::{Mentioned, Through};
pub use module::{Module, Replacement, Version};
pub use package::{DeclId, FileId, Package, Place, Surroundings};
pub use program::{Loaded, Loader, Program};
pub use resolve::{Meaning, Usage, is_predeclared};
pub use scope::{Binding, BindingId, BindingKind, Scopes};
pub use signatures::rows as signature_rows;
pub use source::{Decl, DeclKind, Import, Name, SourceFile, package_name};
pub use spelled::{is_expression, is_identifier, is_import_path};
pub use types::{
    ArrayType, Channel, Definition, Direction, InterfaceType, LocalType, Signature, StructField, Type,
};
