//! Reads files of trees that may be hostile: a repository can carry a pipe that nobody writes to, a link to a device
//! that never ends, or gigabytes, under any name that is looked for.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use memchr::memchr;

use super::SkipReason;

/// Where git, too, looks for the NUL that makes a file binary.
const BINARY_PROBE: usize = 8000;

const MIB: u64 = 1 << 20;

/// Go sources are smaller; what is larger was not written by a person.
pub const MAX_SOURCE_BYTES: u64 = MIB;

/// Why a file was not read.
#[derive(Debug)]
pub enum Unread {
    /// Larger than the limit, in bytes.
    TooLarge(u64),
    Binary,
    /// A pipe, a socket or a device, or a link to one.
    Special,
    /// It was there a moment ago.
    Vanished,
    Unreadable(io::Error),
}

impl Unread {
    pub fn reason(&self) -> SkipReason {
        match self {
            Unread::TooLarge(_) => SkipReason::TooLarge,
            Unread::Binary => SkipReason::Binary,
            Unread::Special => SkipReason::SpecialFile,
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
            Unread::Special => write!(f, "is a pipe, a socket or a device; it was not read"),
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

/// The text of a file of at most `limit` bytes. Text that is not UTF-8 is text.
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
    as_text(bytes_of(path, limit)?)
}

/// The bytes, if they are text.
pub(super) fn as_text(bytes: Vec<u8>) -> Result<Vec<u8>, Unread> {
    let head = &bytes[..bytes.len().min(BINARY_PROBE)];
    match memchr(0, head) {
        Some(_) => Err(Unread::Binary),
        None => Ok(bytes),
    }
}

/// The bytes of a regular file of at most `limit` bytes. Never waits for what another process may write.
pub(super) fn bytes_of(path: &Path, limit: u64) -> Result<Vec<u8>, Unread> {
    let mut file = open(path)?;
    let size = file.metadata()?.len();
    if size > limit {
        return Err(Unread::TooLarge(limit));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    // The size is only a hint: a file can grow while it is read, and those of /proc say 0.
    file.by_ref()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 > limit {
        true => Err(Unread::TooLarge(limit)),
        false => Ok(bytes),
    }
}

/// All bytes of a regular file that we wrote ourselves, or are about to.
pub(super) fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    Ok(bytes_of(path, u64::MAX)?)
}

/// Whether the file holds these bytes and no others.
pub fn holds(path: &Path, bytes: &[u8]) -> io::Result<bool> {
    match bytes_of(path, bytes.len() as u64) {
        Ok(found) => Ok(found == bytes),
        Err(Unread::TooLarge(_)) => Ok(false),
        Err(unread) => Err(unread.into()),
    }
}

impl From<Unread> for io::Error {
    fn from(unread: Unread) -> Self {
        match unread {
            Unread::Unreadable(error) => error,
            unread => io::Error::other(format!("it {unread}")),
        }
    }
}

/// Opens a regular file. To open a device can already do something, so its kind is asked for before, and, since it may
/// be another one by then, behind it, too.
pub(super) fn open(path: &Path) -> Result<File, Unread> {
    let is_usable = |found: &fs::Metadata| found.is_file() || found.is_dir();
    if !is_usable(&fs::metadata(path)?) {
        return Err(Unread::Special);
    }
    let mut options = OpenOptions::new();
    options.read(true);
    without_waiting(&mut options);
    let file = options.open(path)?;
    match is_usable(&file.metadata()?) {
        true => Ok(file),
        false => Err(Unread::Special),
    }
}

#[cfg(unix)]
fn without_waiting(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    options.custom_flags(flags.bits().cast_signed());
}

#[cfg(not(unix))]
fn without_waiting(_options: &mut OpenOptions) {}

/// Whether something that is no folder lies at `path`: a file, or what was put in the place of one.
pub(super) fn is_there(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_dir())
}
