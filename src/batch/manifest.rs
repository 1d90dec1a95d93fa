//! The list of repositories: plain lines `url[@ref][#subdir]`, or TOML with a table for each.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::address::{Address, login, redact};

/// One repository of a campaign, with every part of it that was listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    pub address: Address,
    /// Branch, tag or commit; the default branch when absent.
    pub reference: Option<String>,
    /// Folders to look at, sorted; empty means all.
    pub subdirs: Vec<String>,
    /// Someone decided that it is to be left alone.
    pub opt_out: bool,
}

impl Repository {
    /// A folder name: readable, unique, the same on every machine.
    pub fn key(&self) -> String {
        let safe = |letter: char| match letter {
            letter if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.') => letter,
            _ => '-',
        };
        let short: String = self.address.short().chars().map(safe).collect();
        let short = short.trim_start_matches(['-', '.']);
        let short: String = short.chars().take(60).collect();
        format!("{short}-{}", &hex(self.address.name.as_bytes())[..8])
    }
}

/// The first digits of a name's SHA-256.
pub fn hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The repositories of a campaign, each once, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    pub repositories: Vec<Repository>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    #[serde(default)]
    repository: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Row {
    url: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    subdir: Option<String>,
    #[serde(default)]
    opt_out: bool,
}

impl Manifest {
    /// Reads TOML where the text has a `[[repository]]` table, else lines. Local paths are relative to `base`.
    pub fn parse(text: &str, base: &Path) -> Result<Manifest> {
        let mut found = Found::default();
        if text.lines().any(|line| line.trim() == "[[repository]]") {
            let tables: Tables = toml::from_str(text).map_err(|error| anyhow::anyhow!("{error}"))?;
            for (at, row) in tables.repository.into_iter().enumerate() {
                let place = || format!("repository {}", at + 1);
                found.add(row, base).with_context(place)?;
            }
        } else {
            for (at, line) in text.lines().enumerate() {
                let line = line.trim();
                if !line.is_empty() && !line.starts_with('#') {
                    let row = row_of(line, base);
                    found.add(row, base).with_context(|| format!("line {}", at + 1))?;
                }
            }
        }
        let mut repositories: Vec<Repository> = found.0.into_values().collect();
        repositories
            .iter_mut()
            .for_each(|repository| repository.subdirs.sort());
        if repositories.is_empty() {
            bail!("it lists no repository");
        }
        Ok(Manifest { repositories })
    }

    /// Tells manifests apart: shards of one campaign must have the same.
    pub fn digest(&self) -> String {
        let told = self.repositories.iter().map(|repository| {
            let Repository {
                address,
                reference,
                subdirs,
                opt_out,
            } = repository;
            format!("{}\0{reference:?}\0{subdirs:?}\0{opt_out}\n", address.name)
        });
        hex(told.collect::<String>().as_bytes())
    }
}

/// By name.
#[derive(Default)]
struct Found(BTreeMap<String, Repository>);

impl Found {
    /// Several lines about one repository are one unit of work, so that it gets one branch.
    fn add(&mut self, row: Row, base: &Path) -> Result<()> {
        let address = Address::parse(&row.url, base)?;
        check_reference(row.reference.as_deref())?;
        let subdir = row.subdir.as_deref().map(checked_subdir).transpose()?;
        let Some(known) = self.0.get_mut(&address.name) else {
            let repository = Repository {
                address,
                reference: row.reference,
                subdirs: subdir.into_iter().collect(),
                opt_out: row.opt_out,
            };
            self.0.insert(repository.address.name.clone(), repository);
            return Ok(());
        };
        if known.reference != row.reference {
            bail!(
                "`{}` is listed with two refs; run a campaign for each, since both would want the same branch",
                address.name
            );
        }
        known.opt_out |= row.opt_out;
        match subdir {
            Some(subdir) if !known.subdirs.is_empty() => known.subdirs.push(subdir),
            // One line wants the whole repository.
            _ => known.subdirs.clear(),
        }
        known.subdirs.sort();
        known.subdirs.dedup();
        Ok(())
    }
}

/// Cuts `url[@ref][#subdir]` apart. A path that exists as it stands is one, whatever letters it holds; a login
/// stays whole, to be refused, and no part of it becomes a ref that is told.
fn row_of(line: &str, base: &Path) -> Row {
    let whole = |url: &str| Row {
        url: url.to_owned(),
        reference: None,
        subdir: None,
        opt_out: false,
    };
    if base.join(line).exists() || login(line).is_some() {
        return whole(line);
    }
    let (rest, subdir) = match line.rsplit_once('#') {
        Some((rest, subdir)) => (rest, Some(subdir.to_owned())),
        None => (line, None),
    };
    let at = reference_at(rest).filter(|_| !base.join(rest).exists());
    let (url, reference) = match at {
        Some(at) => (&rest[..at], Some(rest[at + 1..].to_owned())),
        None => (rest, None),
    };
    Row {
        reference,
        subdir,
        ..whole(url)
    }
}

/// The `@` before a ref. One in the part that names the host belongs to the user.
fn reference_at(text: &str) -> Option<usize> {
    let path = match text.split_once("://") {
        Some((scheme, rest)) => {
            let start = scheme.len() + 3;
            start + rest.find('/')?
        }
        None => text.find([':', '/']).unwrap_or(0),
    };
    text[path..].rfind('@').map(|at| path + at)
}

/// What git would take for an option or for another kind of argument is no ref.
fn check_reference(reference: Option<&str>) -> Result<()> {
    let Some(name) = reference else {
        return Ok(());
    };
    let is_odd = |letter: char| {
        letter.is_control()
            || letter.is_whitespace()
            || matches!(letter, ':' | '+' | '~' | '^' | '?' | '*' | '[' | '\\')
    };
    let is_bad =
        name.is_empty() || name.starts_with(['-', '/']) || name.contains("..") || name.contains("@{");
    if is_bad || name.contains(is_odd) {
        bail!("`{}` is no ref", redact(name).escape_debug());
    }
    Ok(())
}

fn checked_subdir(subdir: &str) -> Result<String> {
    let clean = subdir.trim_matches('/');
    let mut parts = Path::new(clean).components();
    let is_git = |part: Component<'_>| part.as_os_str().eq_ignore_ascii_case(".git");
    let is_inside = |part: Component<'_>| matches!(part, Component::Normal(_)) && !is_git(part);
    if clean.is_empty() || clean.contains(['\\', '\0']) || !parts.all(is_inside) {
        bail!("`{}` is no folder inside a repository", subdir.escape_debug());
    }
    Ok(clean.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Manifest> {
        Manifest::parse(text, Path::new("/base"))
    }

    fn told(text: &str) -> Vec<String> {
        let manifest = parse(text).unwrap();
        let told = manifest.repositories.iter().map(|repository| {
            let reference = repository.reference.as_deref().unwrap_or("-");
            let subdirs = repository.subdirs.join(",");
            format!("{} {reference} {subdirs}", repository.address.name)
        });
        told.collect()
    }

    #[test]
    fn lines_are_cut_into_url_ref_and_subdir() {
        let text = "# services\nhttps://h.io/a/b@feature/x#svc/api\n\ngit@h.io:o/r.git@v1.2\ngit@h.io:o/s\n./local@main\n";
        let expected = [
            "file:///base/local main ",
            "h.io/a/b feature/x svc/api",
            "h.io/o/r v1.2 ",
            "h.io/o/s - ",
        ];
        assert_eq!(told(text), expected);
    }

    #[test]
    fn one_repository_is_one_unit_however_often_it_is_listed() {
        assert_eq!(
            told("https://h.io/a#y\ngit@h.io:a.git#x\nh.io:a#x\n"),
            ["h.io/a - x,y"]
        );
        assert_eq!(told("https://h.io/a#y\nhttps://h.io/a\n"), ["h.io/a - "]);
        let error = format!("{:#}", parse("https://h.io/a@x\nhttps://h.io/a@y\n").unwrap_err());
        assert!(
            error.starts_with("line 2: `h.io/a` is listed with two refs"),
            "{error}"
        );
    }

    #[test]
    fn toml_tables_say_the_same() {
        let text = "[[repository]]\nurl = \"https://h.io/a\"\nref = \"main\"\nsubdir = \"x\"\n\n[[repository]]\n\
                    url = \"https://h.io/b\"\nopt-out = true\n";
        assert_eq!(told(text), ["h.io/a main x", "h.io/b - "]);
        assert!(parse(text).unwrap().repositories[1].opt_out);
        let error = parse("[[repository]]\nurl = \"https://h.io/a\"\nbranch = \"x\"\n").unwrap_err();
        assert!(error.to_string().contains("unknown field `branch`"), "{error}");
    }

    #[test]
    fn folders_and_refs_cannot_lead_outside() {
        for line in [
            "https://h.io/a#../x",
            "https://h.io/a#/",
            "https://h.io/a#x/.git/hooks",
            "https://h.io/a@--upload-pack=x",
            "https://h.io/a@a:b",
            "https://h.io/a@",
            "me:s3cret@h.io/a",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert!(parse("\n# nothing\n").is_err());
    }

    #[test]
    fn keys_are_plain_names() {
        let keys: Vec<String> = parse("https://h.io/a/b c\nfile:///-x/..y\n")
            .unwrap()
            .repositories
            .iter()
            .map(Repository::key)
            .collect();
        assert!(
            keys[0].starts_with("x-..y-") && keys[1].starts_with("a-b-c-"),
            "{keys:?}"
        );
    }
}
