//! Other programs, started so that a scanned repository cannot bring its own: PATH may hold relative folders, and the
//! current folder is often the repository.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A command whose program, and every program that it starts in turn, is looked for in absolute folders of PATH only.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    match env::var_os("PATH").and_then(|path| absolute(&path)) {
        Some(path) => command.env("PATH", path),
        // An empty one would mean the current folder; without any, the system looks where its programs are.
        None => command.env_remove("PATH"),
    };
    command
}

/// A program in an absolute folder of PATH.
pub(super) fn find_program(name: &str) -> Option<PathBuf> {
    let path = absolute(&env::var_os("PATH")?)?;
    let name = format!("{name}{}", env::consts::EXE_SUFFIX);
    let mut programs = env::split_paths(&path).map(|folder| folder.join(&name));
    programs.find(|path| is_program(path))
}

/// The absolute folders of a PATH, if it has some.
fn absolute(path: &OsStr) -> Option<OsString> {
    let folders: Vec<PathBuf> = env::split_paths(path)
        .filter(|folder| folder.is_absolute())
        .collect();
    (!folders.is_empty()).then(|| env::join_paths(folders).ok())?
}

#[cfg(unix)]
pub(super) fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
pub(super) fn is_program(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file())
}

#[cfg(test)]
mod tests {
    use super::absolute;

    #[test]
    fn relative_folders_of_the_path_are_passed_over() {
        let kept = |path: &str| absolute(path.as_ref());
        assert_eq!(kept(".:/usr/bin::bin:/bin:"), Some("/usr/bin:/bin".into()));
        assert_eq!(kept("."), None);
        assert_eq!(kept(""), None);
    }
}
