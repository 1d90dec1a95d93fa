//! `unleak` finds and repairs leaks in Go services built on Fiber.
//!
//! ```text
//! workspace ─▶ text ─▶ go ─▶ [transform: detect ─▶ finding ─▶ fix] ─▶ choose ─▶ plan ─▶ edit ─▶ verify ─▶ sink: report | patch | write
//!   walk,read   lines   model        over analysis, frameworks, edit        (review)    ▲───── next round ──────┘
//! ```
//!
//! The outer story is [`job`]: from paths to packages, each handed to a worker. The inner one is [`engine`]:
//! one package from findings to verified bytes. What leaks and how it is repaired is known to [`transforms`]
//! alone, one folder per repair, behind the contract in [`transform`].
//!
//! The modules in reading order, from the ground up. Each imports only from floors below or its own
//! (`tests/it/floors` holds that); floors 0 to 6 are pure: bytes in, values out, and *Unknown* is an answer.

// Floor 0: bytes, lines, edits, diffs; what a search may spend; scales of ratings.
pub mod limits;
pub mod rating;
pub mod text;

// Floor 1: what is known about APIs, as data.
pub mod facts;

// Floor 2: what Go source says.
pub mod go;

// Floor 3: what becomes of values, the frameworks, the vocabulary of Go edits.
pub mod analysis;
pub mod edit;
pub mod frameworks;

// Floor 4: the contract with the suite, what a user can set, and what several repairs share.
pub mod config;
pub mod repair;
pub mod transform;

// Floor 5: the suite of repairs.
#[path = "../transforms/mod.rs"]
pub mod transforms;

// Floor 6: one package from findings to new bytes.
pub mod engine;
pub mod prove;

// Floor 7: one run from files to a report or changed files, with a person if wanted; the same over many repositories.
pub mod batch;
pub mod job;
pub mod report;
pub mod review;
pub mod workspace;

// Floor 8: arguments, streams, exit codes.
pub mod cli;
