//! Why there is no repair.

use serde::{Deserialize, Serialize};

use crate::rating::spelled_as_serialized;

/// Why there is no fix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Stored, sent or passed where its owner cannot be seen.
    Escapes,
    /// Handed to the caller, who owns it then.
    Returned,
    /// An argument depends on the request.
    RequestDependent,
    /// The variable holds several resources in turn.
    Reassigned,
    /// A defer here would pile up until the function returns.
    InLoop,
    /// The error is dropped, so the handle may be nil.
    ErrorIgnored,
    /// The handle itself is dropped, so nothing can release it.
    HandleDiscarded,
    /// Closed by fasthttp, which closes what `Locals` keeps.
    ClosedByLocals,
    /// Something reads what the fix would remove.
    StillRead,
    /// Code outside this package uses it.
    UsedElsewhere,
    /// Connecting can fail for a moment, and the failure must not be kept.
    MayFailToConnect,
    /// State that lives in one connection would be shared.
    PerConnectionState,
    /// Another goroutine receives, sends or closes.
    OtherParty,
    /// The goroutine feeds a stream that outlives the handler.
    FeedsStream,
    /// The goroutine's work must not be cut short.
    WorkOutlivesHandler,
    /// The handler waits for the goroutine, so nothing could unblock it.
    HandlerWaits,
    /// Code that would now run uses the request.
    TouchesRequest,
    /// Queued items would be dropped.
    DropsQueuedWork,
    /// The control flow leaves no place for the repair.
    ControlFlow,
    /// A type could not be resolved.
    TypeUnknown,
    /// A name the repair needs means something else here.
    NameTaken,
    /// The file says it is generated.
    GeneratedFile,
    /// The parser does not understand the file.
    SyntaxError,
    /// Only a person can decide what is meant to happen.
    NeedsDecision,
}

/// Why there is no fix, and what a person should do instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub reason: Reason,
    pub message: String,
}

impl Refusal {
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Refusal {
            reason,
            message: message.into(),
        }
    }
}

spelled_as_serialized!(Reason);
