use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use memchr::memchr;

use super::SkipReason;

/// Where git, too, looks for the NUL that makes a file binary.
const BINARY_PROBE: usize = 8000;

const MIB: u64 = 1 << 20;

/// Why a file was not read.
#[derive(Debug)]
pub enum Unread {
    /// Larger than the limit, in bytes.
    TooLarge(u64),
    Binary,
    /// It was there a moment ago.
    Vanished,
    Unreadable(io::Error),
}

impl Unread {
    pub fn reason(&self) -> SkipReason {
        match self {
            Unread::TooLarge(_) => SkipReason::TooLarge,
            Unread::Binary => SkipReason::Binary,
            Unread::Vanished => SkipReason::Vanished,
            Unread::Unreadable(_) => SkipReason::Unreadable,
        }
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unread::TooLarge(limit) if limit % MIB == 0 => write!(f, "larger than {} MiB", limit / MIB),
            Unread::TooLarge(limit) => write!(f, "larger than {limit} bytes"),
            Unread::Binary => write!(f, "holds a NUL byte, so it is not Go source"),
            Unread::Vanished => write!(f, "was deleted during the run"),
            Unread::Unreadable(error) => write!(f, "cannot be read: {error}"),
        }
    }
}

impl From<io::Error> for Unread {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Unread::Vanished,
            _ => Unread::Unreadable(error),
        }
    }
}

/// The bytes of a file of at most `limit` bytes. Text that is not UTF-8 is text.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    if size > limit {
        return Err(Unread::TooLarge(limit));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    // The size is only a hint: a file can grow while it is read.
    file.by_ref()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(Unread::TooLarge(limit));
    }
    let head = &bytes[..bytes.len().min(BINARY_PROBE)];
    match memchr(0, head) {
        Some(_) => Err(Unread::Binary),
        None => Ok(bytes),
    }
}
