//! Floor 3: lifetimes. Which code runs per request, what is released on every path, what escapes. Which
//! functions acquire and release is table data and no business of this floor.

mod acquire;
mod acquisition;
mod arg_effect;
mod beside;
mod context;
mod context_handover;
pub mod detached;
mod effect;
pub mod endless;
mod escape;
mod excuse;
pub mod keeper;
pub mod launch;
mod lazy;
mod lent;
mod lifetime;
mod literals;
mod nodes;
pub mod owner;
pub mod reached;
mod replaced;
pub mod request;
mod row;
pub mod stay;
mod table;
mod turn;
mod unreached;

pub use crate::facts::{Empty, Resource};
pub use acquire::Acquirers;
pub use acquisition::{Acquisition, Fault, Handle, ResultIndexes};
pub use arg_effect::{ArgEffect, of_known, of_name};
pub use beside::Beside;
pub use context::mentions_of_context;
pub use effect::{Effect, Hold, Keep, Mention};
pub use escape::mentions;
pub use lazy::is_kept;
pub use lent::gets_lent_context;
pub use lifetime::{LeakPath, Lifetime, Lost, deferred};
pub use literals::{field_set_in, literal_of};
pub use replaced::is_replaced;
pub use row::Complaint;
pub use turn::jump_target;
