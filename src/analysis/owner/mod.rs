//! Who holds a stored value when the request is over: a package-level variable, a variable that the handler
//! captures, a field of a value that outlives the request.
//!
//! An [`Owner`] is such a place, with everything that names it in the package; [`owner_of`] says whose a place in the code
//! is, and how sure it is that it [`outlives`] the request.

mod outlives;
mod place;

pub use outlives::{Frame, Outlives, outlives, owner_of};
pub use place::{Owner, container, member, removes};
