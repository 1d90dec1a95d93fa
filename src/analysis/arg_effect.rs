//! What becomes of a value that is handed to a function of another package.

use crate::facts::{Argument, Facts, Function};

/// What a function does with an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgEffect {
    /// Works with it and forgets it.
    Use,
    /// Gives back something that works on it.
    Wrap,
    /// Gives back something that works on it and releases it with itself.
    View,
    /// Stores it, or passes it to someone who releases it.
    Keep,
    Release,
    Unknown,
}

/// What a function of another package does with its arguments: as the facts have it, else as its name says.
pub fn of_known(facts: &Facts, function: Function<'_>) -> ArgEffect {
    match facts.argument(function) {
        Some(Argument::Reads) => ArgEffect::Use,
        Some(Argument::Wraps) => ArgEffect::Wrap,
        Some(Argument::Views) => ArgEffect::View,
        Some(Argument::Keeps) => ArgEffect::Keep,
        Some(Argument::Releases) => ArgEffect::Release,
        None => of_name(function.name),
    }
}

/// What a name lets hope. A function that says that it closes gets the benefit of the doubt; and whatever answers a
/// request from a stream, sets something, makes an option of it (`WithConn`), or keeps a value for later, is taken at
/// its word too. All others are unknown.
pub fn of_name(name: &str) -> ArgEffect {
    const RELEASING: [&str; 9] = [
        "close", "release", "rollback", "cleanup", "dispose", "drain", "finish", "shutdown", "stop",
    ];
    const KEEPING: [&str; 3] = ["sendstream", "setbodystream", "locals"];
    let lower = name.to_ascii_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    // `Serve(listener)` closes it when it ends.
    let serves = lower.starts_with("serve") || lower == "listener";
    match (says(&RELEASING), says(&KEEPING) || serves || sets(name)) {
        (true, _) => ArgEffect::Release,
        (_, true) => ArgEffect::Keep,
        _ => ArgEffect::Unknown,
    }
}

/// Whether a name says that the function makes something of what it is given: `NewDB`.
pub fn makes(name: &str) -> bool {
    let rest = name.strip_prefix("New").or(name.strip_prefix("new"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_uppercase))
}

/// `SetOutput`, `WithGRPCConn`: a word that says that the value stays, and what it stays as.
fn sets(name: &str) -> bool {
    let mut rest = ["Set", "set", "With", "with"]
        .iter()
        .filter_map(|word| name.strip_prefix(word));
    rest.any(|rest| rest.starts_with(char::is_uppercase))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_known(path: &str, receiver: Option<&str>, name: &str) -> ArgEffect {
        super::of_known(&Facts::default(), Function { path, receiver, name })
    }

    #[test]
    fn facts_decide_before_names() {
        assert_eq!(of_known("bufio", None, "NewScanner"), ArgEffect::Wrap);
        assert_eq!(of_known("log", None, "SetOutput"), ArgEffect::Keep);
        assert_eq!(of_known("database/sql", Some("Rows"), "Scan"), ArgEffect::Use);
        assert_eq!(of_known("net/http", None, "MaxBytesReader"), ArgEffect::View);
        assert_eq!(of_known("io", None, "Pipe"), ArgEffect::Unknown);
        assert_eq!(of_known("example.com/x", None, "CloseBody"), ArgEffect::Release);
        assert_eq!(
            of_known("example.com/x", Some("Server"), "ServeTLS"),
            ArgEffect::Keep
        );
        assert_eq!(of_known("example.com/x", None, "Observe"), ArgEffect::Unknown);
        assert_eq!(of_known("example.com/x", None, "Read"), ArgEffect::Unknown);
        assert_eq!(of_known("example.com/x", None, "WithConn"), ArgEffect::Keep);
        assert_eq!(of_known("example.com/x", None, "Settle"), ArgEffect::Unknown);
    }
}
