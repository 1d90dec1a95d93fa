//! Floor 4: the suite of repairs, one folder each. A transform knows nothing of the others.

use crate::transform::{AnyTransform, Suite};

pub mod cancel_goroutine;
pub mod defer_release;
pub mod drop_retained_ctx;
pub mod hoist_client;

/// Every transform, in the order in which their findings are told apart at one place.
static ALL: [&dyn AnyTransform; 4] = [
    &hoist_client::HoistClient,
    &defer_release::DeferRelease,
    &cancel_goroutine::CancelGoroutine,
    &drop_retained_ctx::DropRetainedCtx,
];

/// The suite as it is released.
pub fn suite() -> &'static Suite {
    &ALL
}
