//! When to write in colour.

use anstream::stream::RawStream;
use anstream::{AutoStream, ColorChoice};

/// Whether a stream gets colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// NO_COLOR, CLICOLOR_FORCE and TERM decide, then whether the stream is a terminal.
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// The stream, with colours let through or taken out.
    pub fn stream<S: RawStream>(self, raw: S) -> AutoStream<S> {
        let choice = match self {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        AutoStream::new(raw, choice)
    }
}
