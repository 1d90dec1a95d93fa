//! Floor 4: what is acquired and lost on some path, told and repaired: a deferred release behind the check of the
//! acquisition's error, or a release on each path that leaks. The transforms that release something share this;
//! which calls acquire is data of theirs.
//!
//! `collect` finds what a table acquires and some path loses: an [`Unreleased`], which says what people are told. [`fixes`]
//! chooses between a deferred release (`deferred`, at a `spot` behind the check), one before each `exits`, a function
//! around a `turn` of a loop, and a name for what nobody took (`discarded`, `at_once`, `apart`). `release` spells the
//! release itself; the other files each hold one thing that stands against a repair or goes with it.

mod apart;
mod at_once;
mod collect;
mod context;
mod deferred;
mod discarded;
mod exits;
mod fixes;
mod joined;
mod literal;
mod obsolete;
mod own_context;
mod piled;
mod release;
mod rules;
mod several;
mod sink;
mod spot;
mod statics;
mod turn;
mod unchecked;
mod unreleased;

pub use collect::{acquisitions, collect, leaking, turn_around};
pub use fixes::fixes;
pub use piled::{Piled, piled, piled_rule};
pub use rules::{needles, rules};
pub use spot::place_behind_check;
pub use unreleased::Unreleased;
