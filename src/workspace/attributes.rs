//! What a file carries beside its bytes and its mode: access lists, labels and what else is kept as an extended
//! attribute.

use std::fs::File;
use std::io;

/// Gives `to` the attributes of `from`, and no others.
#[cfg(any(target_os = "linux", target_os = "macos"))]
pub(super) fn keep_attributes(from: &File, to: &File) -> io::Result<()> {
    use rustix::fs::{XattrFlags, fremovexattr, fsetxattr};
    let (wanted, held) = (names(from)?, names(to)?);
    for name in &wanted {
        let value = value(from, name)?;
        // A new file has its label already, which not everyone may set.
        if held.contains(name) && self::value(to, name)? == value {
            continue;
        }
        fsetxattr(to, name.as_slice(), &value, XattrFlags::empty()).map_err(|error| lost(name, error))?;
    }
    // A folder can hand its own access list down to what is made in it.
    for name in held.iter().filter(|name| !wanted.contains(name)) {
        fremovexattr(to, name.as_slice()).map_err(|error| lost(name, error))?;
    }
    Ok(())
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
pub(super) fn keep_attributes(_from: &File, _to: &File) -> io::Result<()> {
    Ok(())
}

/// The names of a file's attributes; none where its file system has no such thing.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn names(file: &File) -> io::Result<Vec<Vec<u8>>> {
    use rustix::io::Errno;
    let listed = whole(|buffer| rustix::fs::flistxattr(file, buffer));
    let listed = match listed {
        Err(Errno::NOTSUP | Errno::NOSYS) => Vec::new(),
        other => other?,
    };
    let names = listed.split(|&byte| byte == 0);
    let names = names.filter(|name| !name.is_empty() && !is_of_the_system(name));
    Ok(names.map(<[u8]>::to_vec).collect())
}

/// The system makes these itself, from the bytes or from who wrote them.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn is_of_the_system(name: &[u8]) -> bool {
    matches!(
        name,
        b"security.ima" | b"security.evm" | b"com.apple.provenance" | b"com.apple.lastuseddate#PS"
    )
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn value(file: &File, name: &[u8]) -> io::Result<Vec<u8>> {
    whole(|buffer| rustix::fs::fgetxattr(file, name, buffer)).map_err(|error| lost(name, error))
}

/// Asks with a larger buffer until what is asked for fits.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn whole(ask: impl Fn(&mut [u8]) -> rustix::io::Result<usize>) -> rustix::io::Result<Vec<u8>> {
    // No file system of Linux has larger ones.
    const LARGEST: usize = 64 << 10;
    let mut buffer = vec![0; 256];
    loop {
        match ask(&mut buffer) {
            Ok(size) => {
                buffer.truncate(size);
                return Ok(buffer);
            }
            Err(rustix::io::Errno::RANGE) if buffer.len() < LARGEST => buffer.resize(LARGEST, 0),
            Err(error) => return Err(error),
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn lost(name: &[u8], error: rustix::io::Errno) -> io::Error {
    let error = io::Error::from(error);
    let name = String::from_utf8_lossy(name);
    io::Error::new(
        error.kind(),
        format!("its extended attribute {name} would be lost: {error}"),
    )
}
