//! Ctrl-C and SIGTERM. They end the run at once, but never in the middle of what has to be whole: files that are being
//! written, and the report that says which of them were.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::exit::Exit;

/// Set by the first signal: nothing further is begun.
pub static STOP: AtomicBool = AtomicBool::new(false);

/// How much is under way that a first signal waits for.
static WHOLE: AtomicUsize = AtomicUsize::new(0);

/// How much is under way that every signal waits for.
static WRITING: AtomicUsize = AtomicUsize::new(0);

/// A person who asks again after this has seen that the first time did not help: nobody reads the report.
const PATIENCE: Duration = Duration::from_secs(1);

/// Holds signals back until it is dropped.
pub struct Whole(&'static AtomicUsize);

impl Whole {
    /// For what a person may break off by asking twice. `None` where the run is to end already.
    pub fn begin() -> Option<Whole> {
        let held = Whole::of(&WHOLE);
        // Whoever set it looks at the count behind that: one of both sees the other.
        let is_first = WHOLE.load(Ordering::SeqCst) + WRITING.load(Ordering::SeqCst) == 1;
        (!is_first || !is_stopped()).then_some(held)
    }

    /// For files: they are whole before anything else happens.
    pub fn writing() -> Whole {
        Whole::of(&WRITING)
    }

    fn of(count: &'static AtomicUsize) -> Whole {
        count.fetch_add(1, Ordering::SeqCst);
        Whole(count)
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

pub fn is_stopped() -> bool {
    STOP.load(Ordering::SeqCst)
}

/// From here on signals are heard. Without a handler the shell's own applies, which is no worse than untidy.
pub fn watch() {
    let mut first: Option<Instant> = None;
    let _ = ctrlc::set_handler(move || {
        STOP.store(true, Ordering::SeqCst);
        let asked = *first.get_or_insert_with(Instant::now);
        let is_held = WHOLE.load(Ordering::SeqCst) > 0 && asked.elapsed() < PATIENCE;
        if !is_held && WRITING.load(Ordering::SeqCst) == 0 {
            crate::review::restore();
            std::process::exit(Exit::Interrupted.code());
        }
    });
}
