//! Where Go keeps what it reads: GOROOT and the module cache, by the environment and by `go env -w`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// The folders of this machine's Go; `None` where there is none.
pub(super) struct Places {
    pub(super) go_root: Option<PathBuf>,
    pub(super) module_cache: Option<PathBuf>,
}

impl Places {
    pub(super) fn of_this_machine() -> Self {
        Places {
            go_root: go_root(),
            module_cache: module_cache(),
        }
    }

    /// Where the module cache has a version of a module.
    pub(super) fn cached(&self, module: &str, version: &str) -> Option<PathBuf> {
        let name = format!("{}@{}", escaped(module), escaped(version));
        Some(self.module_cache.as_ref()?.join(name))
    }
}

/// The module cache writes `A` as `!a`, for file systems that do not tell them apart.
fn escaped(path: &str) -> String {
    let escape = |c: char| match c.is_ascii_uppercase() {
        true => format!("!{}", c.to_ascii_lowercase()),
        false => c.to_string(),
    };
    path.chars().map(escape).collect()
}

/// A setting of the go command: from the environment, or from the file that `go env -w` writes.
fn setting(name: &str) -> Option<OsString> {
    let set = env::var_os(name).filter(|value| !value.is_empty());
    set.or_else(|| {
        let file = match env::var_os("GOENV").filter(|value| !value.is_empty()) {
            Some(off) if off == "off" => return None,
            Some(file) => PathBuf::from(file),
            None => config_folder()?.join("go/env"),
        };
        written_setting(&fs::read_to_string(file).ok()?, name)
    })
}

/// Where programs of this system keep their settings.
fn config_folder() -> Option<PathBuf> {
    let home = || env::home_dir();
    match env::consts::OS {
        "macos" => Some(home()?.join("Library/Application Support")),
        "windows" => env::var_os("AppData").map(PathBuf::from),
        _ => env::var_os("XDG_CONFIG_HOME")
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
            .or_else(|| Some(home()?.join(".config"))),
    }
}

fn written_setting(text: &str, name: &str) -> Option<OsString> {
    let mut values = text.lines().filter_map(|line| line.split_once('='));
    let (_, value) = values.find(|(key, _)| key.trim() == name)?;
    (!value.is_empty()).then(|| value.into())
}

/// Where Go is: by `GOROOT`, beside the `go` on PATH, or at the usual place. `GOROOT=off` is nowhere.
fn go_root() -> Option<PathBuf> {
    if env::var_os("GOROOT").is_some_and(|value| value == "off") {
        return None;
    }
    let has_source = |root: &PathBuf| root.join("src/fmt").is_dir();
    let beside = |folder: PathBuf| {
        let program = fs::canonicalize(folder.join("go")).ok()?;
        program.parent().and_then(Path::parent).map(Path::to_owned)
    };
    let on_path = || {
        let path = env::var_os("PATH")?;
        env::split_paths(&path).filter_map(beside).find(has_source)
    };
    let named = setting("GOROOT").map(PathBuf::from).filter(has_source);
    named
        .or_else(on_path)
        .or_else(|| Some(PathBuf::from("/usr/local/go")).filter(has_source))
}

fn module_cache() -> Option<PathBuf> {
    let go_path = || {
        let path = setting("GOPATH")?;
        env::split_paths(&path).next()
    };
    let home = || env::home_dir().map(|home| home.join("go"));
    let named = setting("GOMODCACHE").map(PathBuf::from);
    let cache = named.or_else(|| Some(go_path().or_else(home)?.join("pkg/mod")))?;
    cache.is_dir().then_some(cache)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_case_is_escaped_as_the_cache_does() {
        assert_eq!(
            escaped("github.com/BurntSushi/toml"),
            "github.com/!burnt!sushi/toml"
        );
    }

    #[test]
    fn settings_are_read_as_go_writes_them() {
        let text = "GOFLAGS=-mod=mod\nGOMODCACHE=/data/mod\n";
        assert_eq!(written_setting(text, "GOMODCACHE"), Some("/data/mod".into()));
        assert_eq!(written_setting(text, "GOPATH"), None);
    }
}
