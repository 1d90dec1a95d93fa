//! Where requests come in, and what may be done with the context of one: by framework, as rows.
//!
//! - `frameworks.toml`: the rows that come along, with what they were measured on; `row` reads them, and those of
//!   `[[framework]]` in unleak.toml by the same door. A framework more is a table more there, and nothing else.
//! - `major`: import paths of major versions; one without rows counts as the nearest that looks alike. `unknown` says
//!   which those are in a package.
//! - `scope`: which frameworks count in the package under analysis; the engine attaches it.
//! - `entry`: functions that a server calls for each request or connection ([`Entry`]).
//! - `context`: request contexts that go to another request afterwards ([`RequestContext`]), and who gets one.
//! - `fiber`: what no row says yet, since Fiber's versions differ in more than names.

mod context;
mod entry;
mod fiber;
mod major;
mod row;
mod scope;
mod unknown;

pub use context::{ContextHandler, RequestContext, context_needles, holds_context, is_handed_copy, is_lent};
pub use entry::{Entry, is_called_back, serves, serving_names};
pub use fiber::{
    Handler, ParentContext, Version, is_abandoned, is_on_fiber, is_request_context, is_stream_writer,
    requires_unknown,
};
pub use row::{Answers, ContextFacts, Framework, Name, Word};
pub use scope::{Scope, Servers};
pub use unknown::{UnknownVersion, told_once, unknown_versions};
