//! Many repositories: plan, look, publish, and never lose track. Each is fetched without its history, repaired in
//! a process of its own, and its patch proven before anyone sees it; what was done stands in a ledger.
//!
//! [`Manifest`] lists them, [`Shard`] takes a part, [`Campaign`] keeps the folder and its ledger, [`Runner`] plans,
//! [`Publisher`] pushes and takes back, [`merge`] joins shards.

mod address;
mod cache;
mod campaign;
mod commits;
mod describe;
mod forge;
mod git;
mod ledger;
mod manifest;
mod merge;
mod process;
mod publish;
mod remote;
mod rules;
mod run;
mod shard;
mod state;
mod steps;
mod summary;
mod trouble;
mod unit;
mod worker;

pub use cache::Cache;
pub use campaign::{Campaign, Terms, look, unit_folder, units};
pub use commits::Author;
pub use describe::{TEMPLATE, check as check_template};
pub use forge::{Flavor, Forge};
pub use ledger::{Entry, Event, Ledger, Turn};
pub use manifest::{Manifest, Repository};
pub use merge::merge;
pub use publish::{Done, News, Publisher};
pub use run::{Limits, Runner};
pub use shard::{Shard, detect as detect_shard};
pub use state::{Publication, State};
pub use summary::{Counts, Summary, summarize};
pub use trouble::Trouble;
pub use unit::{Unit, UnitFinding};
pub use worker::{Repairs, work};
