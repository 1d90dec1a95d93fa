//! Every rule is shown by fixtures: at least three places where it is found, three that are repaired unless all it has
//! is advice, one refusal, and three cases of its transform in which nothing is found. And its page names it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::support::txtar::Archive;
use unleak::config::Config;
use unleak::transform::Applicability;
use unleak::transforms::suite;

/// What the fixtures show of a rule.
#[derive(Clone, Copy, Default)]
struct Shown {
    found: usize,
    refused: usize,
}

/// By rule, over all fixtures; and the silent cases by transform.
fn shown() -> (HashMap<String, Shown>, HashMap<String, usize>) {
    let mut rules: HashMap<String, Shown> = HashMap::new();
    let mut silent: HashMap<String, usize> = HashMap::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let files = ignore::Walk::new(folder).map(|entry| entry.unwrap().into_path());
    for path in files.filter(|path| path.extension().is_some_and(|end| end == "txtar")) {
        let archive = Archive::parse(&fs::read_to_string(&path).unwrap());
        let code = archive.files.iter().filter(|(name, _)| name.ends_with(".go"));
        let wanted: Vec<String> = code.flat_map(|(_, text)| wanted(text)).collect();
        let refusals = archive.files.iter().filter(|(name, _)| name == "refusals");
        let refused = refusals.flat_map(|(_, text)| text.lines());
        for slug in refused.filter_map(|line| line.split(' ').nth(1)) {
            rules.entry(slug.to_owned()).or_default().refused += 1;
        }
        if wanted.is_empty() {
            let transform = path.parent().unwrap().file_name().unwrap();
            *silent
                .entry(transform.to_string_lossy().into_owned())
                .or_default() += 1;
        }
        for slug in wanted {
            rules.entry(slug).or_default().found += 1;
        }
    }
    (rules, silent)
}

/// The rules of the `// want "rule" "other"` comments.
fn wanted(text: &str) -> Vec<String> {
    let comments = text.lines().filter_map(|line| line.split_once("// want "));
    let quoted = comments.flat_map(|(_, rules)| rules.split('"').skip(1).step_by(2));
    quoted.map(str::to_owned).collect()
}

#[test]
fn fixtures_show_every_rule() {
    let (shown, silent) = shown();
    let mut missing = Vec::new();
    for transform in suite() {
        let name = transform.name();
        let quiet = silent.get(name).copied().unwrap_or_default();
        if quiet < 3 {
            missing.push(format!("{name}: {quiet} silent cases"));
        }
        for rule in transform.rules(&Config::default()) {
            let Shown { found, refused } = shown.get(&*rule.slug).copied().unwrap_or_default();
            let repaired = found.saturating_sub(refused);
            let is_advice = rule.applicability == Applicability::DisplayOnly;
            if found < 3 || (repaired < 3 && !is_advice) || refused == 0 {
                missing.push(format!("{}: {found} found, {refused} of them refused", rule.slug));
            }
        }
    }
    assert!(missing.is_empty(), "too few fixtures:\n{}", missing.join("\n"));
}

#[test]
fn the_page_of_a_transform_names_its_rules() {
    for transform in suite() {
        let page = transform.page();
        for rule in transform.rules(&Config::default()) {
            assert!(
                page.contains(&format!("`{}`", rule.slug)),
                "{}: the page does not name {}",
                transform.name(),
                rule.slug
            );
        }
    }
}
