//! Floor 5: the suite of repairs, one folder each. A transform knows nothing of the others.

use crate::transform::{AnyTransform, Suite};

pub mod bound_growth;
pub mod call_cancel;
pub mod cancel_goroutine;
pub mod check_write;
pub mod close_channel;
pub mod copy_ctx_value;
pub mod copy_pooled;
pub mod count_goroutines;
pub mod defer_cleanup;
pub mod defer_release;
pub mod drop_retained_ctx;
pub mod end_loop;
pub mod hoist_client;
pub mod limit_goroutines;
pub mod register_once;
pub mod replace_context_parent;
pub mod stop_ticker;

/// Every transform, in the order in which their findings are told apart at one place.
static ALL: [&dyn AnyTransform; 17] = [
    &hoist_client::HoistClient,
    &defer_release::DeferRelease,
    &call_cancel::CallCancel,
    &cancel_goroutine::CancelGoroutine,
    &close_channel::CloseChannel,
    &check_write::CheckWrite,
    &count_goroutines::CountGoroutines,
    &end_loop::EndLoop,
    &defer_cleanup::DeferCleanup,
    &limit_goroutines::LimitGoroutines,
    &drop_retained_ctx::DropRetainedCtx,
    &register_once::RegisterOnce,
    &stop_ticker::StopTicker,
    &copy_pooled::CopyPooled,
    &copy_ctx_value::CopyCtxValue,
    &replace_context_parent::ReplaceContextParent,
    &bound_growth::BoundGrowth,
];

/// The suite as it is released.
pub fn suite() -> &'static Suite {
    &ALL
}
