//! Replaces files so that whoever looks sees the old bytes or the new ones, at every moment.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use tempfile::NamedTempFile;

use super::attributes::keep_attributes;
use super::holds;
use super::read::open;

/// New bytes for a file, on the ground of the bytes that were read.
pub struct Replacement<'a> {
    pub path: &'a Path,
    pub old: &'a [u8],
    pub new: &'a [u8],
}

/// What became of a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Written,
    /// Old and new are the same; the file was not touched.
    Unchanged,
    /// Someone else wrote the file since it was read; it was not touched.
    ChangedMeanwhile,
}

/// Writes one file. A symbolic link keeps pointing at its target, which gets the new bytes; mode, owner, access lists and
/// other extended attributes stay; hard links stay links. An error means that the file is as it was.
pub fn write(replacement: &Replacement<'_>) -> Result<Written> {
    if replacement.old == replacement.new {
        return Ok(Written::Unchanged);
    }
    let shown = replacement.path.display();
    let target = match fs::canonicalize(replacement.path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Written::ChangedMeanwhile),
        other => other.with_context(|| format!("cannot write {shown}"))?,
    };
    let metadata = fs::metadata(&target).with_context(|| format!("cannot write {shown}"))?;
    if metadata.permissions().readonly() {
        bail!("cannot write {shown}: it is read-only");
    }
    let swap = if links(&metadata) > 1 { overwrite } else { replace };
    swap(&target, &metadata, replacement).with_context(|| format!("cannot write {shown}"))
}

/// The atomic way: a temporary file beside the target takes its name.
fn replace(target: &Path, metadata: &Metadata, replacement: &Replacement<'_>) -> io::Result<Written> {
    let folder = target.parent().unwrap_or(target);
    let mut temporary = temporary(folder)?;
    temporary.write_all(replacement.new)?;
    keep_owner(temporary.as_file(), metadata)?;
    keep_attributes(&open(target)?, temporary.as_file())?;
    // A change of owner clears the set-user-ID bits.
    temporary.as_file().set_permissions(metadata.permissions())?;
    temporary.as_file().sync_all()?;
    if !holds(target, replacement.old)? {
        return Ok(Written::ChangedMeanwhile);
    }
    temporary.persist(target)?;
    sync_folder(folder);
    Ok(Written::Written)
}

/// A file with several names can keep them only when its own bytes are overwritten, which cannot be atomic. The
/// old bytes lie beside it until the new ones are on disk, and come back when writing fails halfway.
fn overwrite(target: &Path, _metadata: &Metadata, replacement: &Replacement<'_>) -> io::Result<Written> {
    let mut backup = temporary(target.parent().unwrap_or(target))?;
    backup.write_all(replacement.old)?;
    backup.as_file().sync_all()?;
    let mut file = OpenOptions::new().write(true).open(target)?;
    if !holds(target, replacement.old)? {
        return Ok(Written::ChangedMeanwhile);
    }
    if let Err(error) = fill(&mut file, replacement.new) {
        if fill(&mut OpenOptions::new().write(true).open(target)?, replacement.old).is_err() {
            let (_, kept) = backup.keep()?;
            return Err(with_backup(&error, &kept));
        }
        return Err(error);
    }
    Ok(Written::Written)
}

/// What became of a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Created {
    Created,
    /// Something has that name; it was not touched.
    Exists,
}

/// Makes a file that is not there yet, whole or not at all.
pub fn create(path: &Path, bytes: &[u8]) -> Result<Created> {
    let make = || -> io::Result<Created> {
        let folder = path.parent().unwrap_or(path);
        let mut temporary = temporary(folder)?;
        temporary.write_all(bytes)?;
        readable(temporary.as_file())?;
        temporary.as_file().sync_all()?;
        match temporary.persist_noclobber(path) {
            Ok(_) => sync_folder(folder),
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => return Ok(Created::Exists),
            Err(failed) => return Err(failed.error),
        }
        Ok(Created::Created)
    };
    make().with_context(|| format!("cannot write {}", path.display()))
}

/// Writes a report or a patch, whole or not at all: a run that is killed leaves what was there. A repository can hold
/// a link under any name, so none is followed into another file; devices and pipes are written to as they are.
pub fn put(path: &Path, bytes: &[u8]) -> Result<()> {
    let shown = path.display();
    let is_file = fs::metadata(path).map_or(true, |metadata| metadata.is_file());
    if !is_file || path.starts_with("/dev") {
        return fs::write(path, bytes).with_context(|| format!("cannot write `{shown}`"));
    }
    if fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink()) {
        bail!("cannot write `{shown}`: it is a link, and the file that it leads to would be lost");
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let make = || -> io::Result<()> {
        let mut temporary = temporary(folder.unwrap_or(Path::new(".")))?;
        temporary.write_all(bytes)?;
        match fs::metadata(path) {
            Ok(metadata) => temporary.as_file().set_permissions(metadata.permissions())?,
            Err(_) => readable(temporary.as_file())?,
        }
        temporary.persist(path)?;
        Ok(())
    };
    make().with_context(|| format!("cannot write `{shown}`"))
}

/// A temporary file is its owner's alone; source is not.
#[cfg(unix)]
fn readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_file: &File) -> io::Result<()> {
    Ok(())
}

fn with_backup(error: &io::Error, kept: &Path) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("{error}; its old bytes are in {}", kept.display()),
    )
}

/// Longer bytes first and the cut after them, so that a short file is never seen.
fn fill(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.set_len(bytes.len() as u64)?;
    file.sync_all()
}

pub(super) fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".unleak-")
        .suffix(".tmp")
        .tempfile_in(folder)
}

/// The rename itself survives a power cut once its folder is on disk. Not every file system can do it, and the
/// file is whole either way.
pub(super) fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

#[cfg(unix)]
fn links(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn links(_metadata: &Metadata) -> u64 {
    1
}

/// Matters to root, who would take files over from their owners, and to everyone who may write in a folder but owns
/// not all that lies there.
#[cfg(unix)]
fn keep_owner(file: &File, metadata: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let fresh = file.metadata()?;
    let (user, group) = (metadata.uid(), metadata.gid());
    if (fresh.uid(), fresh.gid()) == (user, group) {
        return Ok(());
    }
    fchown(file, Some(user), Some(group)).map_err(|error| {
        let why = format!("it belongs to user {user} and group {group}, and would not any more: {error}");
        io::Error::new(error.kind(), why)
    })
}

#[cfg(not(unix))]
fn keep_owner(_file: &File, _metadata: &Metadata) -> io::Result<()> {
    Ok(())
}
