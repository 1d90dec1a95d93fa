//! Floor 1: what Go source says. Syntax, packages, scopes, types, calls and control flow. Knows nothing of
//! leaks, Fiber, edits or files on disk; *Unknown* is an answer.

pub mod syntax;
