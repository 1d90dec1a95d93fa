//! Which version of which module counts: by go.mod of the modules at hand, by go.work, and by go.sum for what
//! older go.mod files do not list.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::places::Places;
use super::work::Work;
use super::{Home, MAX_MODULE_BYTES, below};
use crate::go::{Module, Replacement};
use crate::workspace::files::Files;

/// The modules that an import may lead to.
pub(super) struct BuildList {
    /// Module path to the version required; the highest, where several modules require one.
    versions: HashMap<String, String>,
    /// Module path to the versions of which go.sum knows the source, the highest last.
    summed: HashMap<String, Vec<String>>,
    /// What stands in for a module, the first that speaks of it.
    replacing: Vec<(PathBuf, Module)>,
}

impl BuildList {
    pub(super) fn read(own: &[Home], work: Option<&Work>, files: &Files) -> Self {
        let mut list = BuildList {
            versions: HashMap::new(),
            summed: HashMap::new(),
            replacing: Vec::new(),
        };
        if let Some(work) = work {
            list.add_sums(&work.folder.join("go.work.sum"), files);
            list.replacing.push((work.folder.clone(), work.module.clone()));
        }
        for home in own {
            list.add_sums(&home.folder.join("go.sum"), files);
            list.replacing
                .push((home.folder.clone(), Module::clone(&home.module)));
            for (path, version) in &home.module.requires {
                list.require(path, version);
            }
        }
        for versions in list.summed.values_mut() {
            versions.sort_by(|one, other| compared(one, other));
        }
        list
    }

    fn require(&mut self, path: &str, version: &str) {
        let held = self.versions.entry(path.to_owned()).or_default();
        if held.is_empty() || compared(held, version) == Ordering::Less {
            *held = version.to_owned();
        }
    }

    fn add_sums(&mut self, file: &Path, files: &Files) {
        let text = files.read_text(file, MAX_MODULE_BYTES).unwrap_or_default();
        for line in text.lines() {
            // Lines of `version/go.mod` only say that the version was looked at.
            if let [path, version, _] = line.split_whitespace().collect::<Vec<_>>().as_slice()
                && !version.ends_with("/go.mod")
            {
                let versions = self.summed.entry((*path).to_owned()).or_default();
                versions.push((*version).to_owned());
            }
        }
    }

    /// The folder of the package `path`, by the longest module path that it may be in.
    pub(super) fn folder_of(&self, path: &str, places: &Places) -> Option<PathBuf> {
        let known = self.versions.keys().chain(self.summed.keys());
        let replaced = self
            .replacing
            .iter()
            .flat_map(|(_, module)| module.replaces.keys());
        let mut modules: Vec<&String> = known
            .chain(replaced)
            .filter(|module| below(path, module).is_some())
            .collect();
        modules.sort_by_key(|module| std::cmp::Reverse(module.len()));
        modules.dedup();
        modules.into_iter().find_map(|module| {
            let folder = self.folder_of_module(module, places)?;
            let folder = folder.join(below(path, module)?);
            folder.is_dir().then_some(folder)
        })
    }

    fn folder_of_module(&self, module: &str, places: &Places) -> Option<PathBuf> {
        let required = self.versions.get(module);
        let mut replacing = self.replacing.iter().filter_map(|(folder, by)| {
            let replacement = by.replacement(module, required.map(String::as_str))?;
            Some((folder, replacement))
        });
        match replacing.next() {
            Some((base, Replacement::Folder(folder))) => return Some(base.join(folder)),
            Some((_, Replacement::Module { path, version })) => return places.cached(path, version),
            None => {}
        }
        match required {
            Some(version) => places.cached(module, version),
            None => {
                let summed = self.summed.get(module)?.iter().rev();
                let mut folders = summed.filter_map(|version| places.cached(module, version));
                folders.find(|folder| folder.is_dir())
            }
        }
    }
}

/// The order of two versions: by numbers, then releases above what came before them.
fn compared(one: &str, other: &str) -> Ordering {
    let parts = |version: &str| {
        let version = version.trim_start_matches('v');
        let version = version.split('+').next().unwrap_or("").to_owned();
        let (numbers, pre) = match version.split_once('-') {
            Some((numbers, pre)) => (numbers.to_owned(), Some(pre.to_owned())),
            None => (version, None),
        };
        let numbers: Vec<u64> = numbers.split('.').map(|part| part.parse().unwrap_or(0)).collect();
        (numbers, pre)
    };
    let ((one, one_pre), (other, other_pre)) = (parts(one), parts(other));
    let by_pre = || match (one_pre, other_pre) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(one), Some(other)) => compared_pre(&one, &other),
    };
    one.cmp(&other).then_with(by_pre)
}

/// `beta.10` comes after `beta.9`: numbers count as numbers.
fn compared_pre(one: &str, other: &str) -> Ordering {
    let key = |part: &str| (part.parse::<u64>().unwrap_or(u64::MAX), part.to_owned());
    let keys = |pre: &str| pre.split('.').map(key).collect::<Vec<_>>();
    keys(one).cmp(&keys(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_in_the_order_of_semver() {
        let mut versions = [
            "v1.10.0",
            "v1.2.0",
            "v1.2.0-beta.10",
            "v1.2.0-beta.9",
            "v2.0.0+incompatible",
            "v0.0.0-20240101000000-abcdefabcdef",
        ];
        versions.sort_by(|one, other| compared(one, other));
        let expected = [
            "v0.0.0-20240101000000-abcdefabcdef",
            "v1.2.0-beta.9",
            "v1.2.0-beta.10",
            "v1.2.0",
            "v1.10.0",
            "v2.0.0+incompatible",
        ];
        assert_eq!(versions, expected);
    }
}
