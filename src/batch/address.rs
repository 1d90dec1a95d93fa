//! Where a repository lives: one name for all spellings of its URL, and no secrets in any of them.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};

/// Transports that git may use. `ext::` and its kin run commands out of a URL.
const SCHEMES: [&str; 5] = ["https", "http", "ssh", "git", "file"];

/// A repository's URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    /// The same for every spelling: `github.com/owner/name`, or `file:///absolute/path`.
    pub name: String,
    /// What git is given.
    pub remote: String,
}

impl Address {
    /// Reads a URL, git's short form `user@host:path`, or a local path relative to `base`.
    pub fn parse(text: &str, base: &Path) -> Result<Address> {
        if text.is_empty() || text.starts_with('-') || text.chars().any(char::is_control) {
            bail!("`{}` is no repository", redact(text).escape_debug());
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            return Self::of_url(&scheme.to_ascii_lowercase(), rest);
        }
        if let Some((host, path)) = login(text) {
            return Err(carries_secret(&canonical(host, path)));
        }
        match text.split_once(':') {
            Some((transport, rest)) if rest.starts_with(':') => {
                bail!(
                    "`{transport}::` addresses run programs and are not taken; give an https, ssh or file URL"
                )
            }
            // As git tells them apart. One letter and a colon begin a path on Windows.
            Some((host, path)) if host.len() > 1 && !host.contains(['/', '\\']) => {
                Ok(Self::remote(host, path, text))
            }
            _ => Ok(Self::local(&base.join(text))),
        }
    }

    fn of_url(scheme: &str, rest: &str) -> Result<Address> {
        if !SCHEMES.contains(&scheme) {
            bail!("`{scheme}` URLs are not taken; give an https, ssh or file URL");
        }
        if scheme == "file" {
            return Ok(Self::local(Path::new(rest)));
        }
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let user = authority.rsplit_once('@').map(|(user, _)| user);
        let is_secret = |user: &str| user.contains(':') || scheme.starts_with("http");
        if user.is_some_and(is_secret) {
            return Err(carries_secret(&canonical(authority, path)));
        }
        if let Some((path, _)) = path.split_once('?').filter(|_| scheme.starts_with("http")) {
            bail!(
                "the URL of `{}` has a query, where tokens stand that would end up in logs; take it out",
                canonical(authority, path)
            );
        }
        Ok(Self::remote(authority, path, &format!("{scheme}://{rest}")))
    }

    fn remote(authority: &str, path: &str, remote: &str) -> Address {
        Address {
            name: canonical(authority, path),
            remote: remote.to_owned(),
        }
    }

    /// A folder that is not there is told by git, when its turn comes.
    fn local(path: &Path) -> Address {
        let path = path.canonicalize().unwrap_or_else(|_| without_dots(path));
        // git decodes URLs.
        let shown = path.to_string_lossy().replace('\\', "/").replace('%', "%25");
        let name = format!("file://{}", shown.trim_end_matches('/'));
        Address {
            remote: name.clone(),
            name,
        }
    }

    /// Name and owner, for folders and lists.
    pub fn short(&self) -> String {
        let parts: Vec<&str> = self.name.rsplit('/').take(2).collect();
        parts.into_iter().rev().collect::<Vec<_>>().join("/")
    }
}

fn carries_secret(name: &str) -> anyhow::Error {
    anyhow!(
        "the URL of `{name}` carries a user or password, which would end up in logs; take it out and let git's \
         credential helper give it"
    )
}

/// Host and path of `user:password@host/path`, a URL whose scheme was forgotten. Git's own short forms
/// are `user@host:path` and `host:path`; a path with `@` and a dot in its first part is nobody's but a password's.
pub fn login(text: &str) -> Option<(&str, &str)> {
    let (user, rest) = text.split_once(':')?;
    let (first, path) = rest.split_once('/')?;
    let (_, host) = first.rsplit_once('@')?;
    let is_login =
        !user.contains(['@', '/', '.']) && !first.contains('\\') && host.contains('.') && !path.is_empty();
    is_login.then_some((host, path))
}

/// Host in lower case, without user, standard port, `.git` and doubled slashes.
fn canonical(authority: &str, path: &str) -> String {
    let host = authority
        .rsplit_once('@')
        .map_or(authority, |(_, host)| host)
        .to_ascii_lowercase();
    let host = [":443", ":80", ":22", ":9418"]
        .iter()
        .find_map(|port| host.strip_suffix(port))
        .unwrap_or(&host)
        .to_owned();
    let path: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let path = path.join("/");
    format!("{host}/{}", path.strip_suffix(".git").unwrap_or(&path))
}

/// Takes `.` and `..` out without asking the file system.
fn without_dots(path: &Path) -> PathBuf {
    use std::path::Component;
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// The text without what stands between `://` and `@` in its URLs: git names the URL it failed on, with the user
/// and password that the machine's own settings put in.
pub fn redact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|byte: char| byte == '/' || byte == '\'' || byte == '"' || byte.is_whitespace())
            .unwrap_or(after.len());
        let (authority, left) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some((_, host)) => {
                out.push_str("***@");
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        rest = left;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> String {
        Address::parse(text, Path::new("/base")).unwrap().name
    }

    #[test]
    fn every_spelling_of_a_url_has_one_name() {
        for text in [
            "https://github.com/Owner/app",
            "https://GitHub.com:443/Owner/app.git",
            "ssh://git@github.com/Owner/app.git/",
            "git@github.com:Owner/app.git",
            "github.com:Owner/app",
        ] {
            assert_eq!(name(text), "github.com/Owner/app", "{text}");
        }
        assert_eq!(name("work/../app/"), "file:///base/app");
        assert_eq!(name("file:///base/app"), "file:///base/app");
        assert_eq!(name("https://host:8443/a//b"), "host:8443/a/b");
    }

    #[test]
    fn what_runs_commands_or_carries_a_password_is_refused_and_not_repeated() {
        for text in [
            "ext::sh -c evil",
            "--upload-pack=evil",
            "ftp://host/x",
            "a\nb",
            "",
        ] {
            assert!(Address::parse(text, Path::new("/")).is_err(), "{text}");
        }
        for text in [
            "https://me:s3cret@host/x",
            "https://s3cret@host/x",
            "ssh://me:s3cret@host/x",
            "https://host/x?token=s3cret",
            "me:s3cret@the.host/x",
        ] {
            let error = Address::parse(text, Path::new("/")).unwrap_err().to_string();
            assert!(!error.contains("s3cret") && error.contains("host/x`"), "{error}");
        }
    }

    #[test]
    fn secrets_in_urls_are_struck_out_of_messages() {
        let said = "fatal: unable to access 'https://me:s3cret@host/x/': and http://tok@h";
        assert_eq!(
            redact(said),
            "fatal: unable to access 'https://***@host/x/': and http://***@h"
        );
        assert_eq!(redact("no URL: a@b"), "no URL: a@b");
    }
}
