//! A bug in one package must not end the run, nor fill the screen: what a panic says is kept for the report.

use std::any::Any;
use std::cell::RefCell;
use std::panic;

use crate::workspace::Diagnostic;

thread_local! {
    static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// From here on panics print nothing; [`told`] says what they said and where.
pub fn silence_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        PLACE.with_borrow_mut(|held| *held = place);
    }));
}

/// What a panic caught on this thread said, with its place in our source.
pub fn told(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said
        .or(panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    let place = PLACE.with_borrow(Clone::clone);
    match place.is_empty() {
        true => said.to_owned(),
        false => format!("{said} ({place})"),
    }
}

/// What is reported of the package in `path`, in which a panic was caught.
pub(super) fn left_out(path: String, panic: &(dyn Any + Send)) -> Diagnostic {
    let said = told(panic);
    let message = format!("internal error, this package was left out: {said}; please report it");
    Diagnostic { path, message }
}
