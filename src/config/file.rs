//! The text of `unleak.toml`. Every rule that it names comes with its place, so that a mistyped one can be shown.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;
use toml::de::DeTable;

use super::{Config, Override, PathPatterns, Pool, PoolStyle, RuleChange, renamed};
use crate::analysis::{Complaint, Resource};
use crate::facts::{Effects, Facts, Library, Results, Strings, Variables};
use crate::frameworks::Framework;
use crate::rating::Confidence;

/// A config, and the rules that its lists name.
#[derive(Debug)]
pub struct Parsed {
    pub config: Config,
    pub named: Vec<(String, usize)>,
    /// What is spelt in an old way, by place.
    pub renamed: Vec<(usize, String)>,
}

/// What is wrong with a config file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In bytes from the start of the text.
    pub at: usize,
    pub message: String,
}

type Name = Spanned<String>;

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
#[derive(Default)]
struct File {
    select: Vec<Name>,
    ignore: Vec<Name>,
    fixable: Vec<Name>,
    unfixable: Vec<Name>,
    min_confidence: Confidence,
    exclude: Patterns,
    rules: BTreeMap<Name, RuleChange>,
    #[serde(rename = "override")]
    overrides: Vec<Local>,
    pool: Limits,
    #[serde(rename = "resource")]
    resources: Vec<Spanned<Resource>>,
    #[serde(rename = "client")]
    clients: Vec<Spanned<Resource>>,
    #[serde(rename = "framework")]
    frameworks: Vec<Framework>,
    effects: Effects,
    strings: Strings,
    results: Results,
    variables: Variables,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Local {
    paths: Patterns,
    #[serde(default)]
    ignore: Vec<Name>,
    #[serde(default)]
    unfixable: Vec<Name>,
    min_confidence: Option<Confidence>,
    #[serde(default)]
    rules: BTreeMap<Name, RuleChange>,
}

#[derive(Deserialize)]
#[serde(try_from = "Vec<String>")]
#[derive(Default)]
struct Patterns(PathPatterns);

impl TryFrom<Vec<String>> for Patterns {
    type Error = String;

    fn try_from(lines: Vec<String>) -> Result<Self, String> {
        let wrong = |(line, why): (String, String)| format!("`{line}` is no pattern for paths: {why}");
        PathPatterns::new(lines).map(Patterns).map_err(wrong)
    }
}

/// `0` sets no limit.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Limits {
    style: PoolStyle,
    max_open_conns: u32,
    conn_max_lifetime_minutes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        let Pool {
            style,
            max_open_conns,
            conn_max_lifetime,
        } = Pool::default();
        Limits {
            style,
            max_open_conns: max_open_conns.unwrap_or(0),
            conn_max_lifetime_minutes: conn_max_lifetime.unwrap_or(0),
        }
    }
}

impl From<Limits> for Pool {
    fn from(limits: Limits) -> Pool {
        let limit = |number: u32| (number > 0).then_some(number);
        Pool {
            style: limits.style,
            max_open_conns: limit(limits.max_open_conns),
            conn_max_lifetime: limit(limits.conn_max_lifetime_minutes),
        }
    }
}

/// Reads the text of a config file.
pub fn parse(text: &str) -> Result<Parsed, Fault> {
    let file: File = toml::from_str(text).map_err(|error| Fault {
        at: error.span().map_or(0, |span| span.start),
        message: told(error.message()),
    })?;
    let mut named = Vec::new();
    let overrides = file.overrides.into_iter().map(|local| Override {
        paths: local.paths.0,
        ignore: listed(local.ignore, &mut named),
        unfixable: listed(local.unfixable, &mut named),
        min_confidence: local.min_confidence,
        rules: changes(local.rules, &mut named),
    });
    let overrides = overrides.collect();
    let config = Config {
        select: listed(file.select, &mut named),
        ignore: listed(file.ignore, &mut named),
        fixable: listed(file.fixable, &mut named),
        unfixable: listed(file.unfixable, &mut named),
        min_confidence: file.min_confidence,
        exclude: file.exclude.0,
        rules: changes(file.rules, &mut named),
        overrides,
        prefix: String::new(),
        folder: String::new(),
        pool: file.pool.into(),
        resources: rows(text, "resource", file.resources)?,
        clients: rows(text, "client", file.clients)?,
        frameworks: file.frameworks,
        facts: Facts::with(Library {
            effects: file.effects,
            strings: file.strings,
            results: file.results,
            variables: file.variables,
            ..Library::default()
        }),
        ..Config::default()
    };
    named.sort_by_key(|(_, at)| *at);
    Ok(Parsed {
        config,
        named,
        renamed: renamed::hints(text),
    })
}

fn listed(names: Vec<Name>, named: &mut Vec<(String, usize)>) -> Vec<String> {
    named.extend(
        names
            .iter()
            .map(|name| (name.get_ref().clone(), name.span().start)),
    );
    names.into_iter().map(Spanned::into_inner).collect()
}

fn changes(
    rules: BTreeMap<Name, RuleChange>,
    named: &mut Vec<(String, usize)>,
) -> BTreeMap<String, RuleChange> {
    named.extend(
        rules
            .keys()
            .map(|name| (name.get_ref().clone(), name.span().start)),
    );
    let rules = rules.into_iter();
    rules.map(|(name, change)| (name.into_inner(), change)).collect()
}

/// Rows that say enough to be of use, and nothing that is not to become source.
fn rows(text: &str, table: &str, rows: Vec<Spanned<Resource>>) -> Result<Vec<Resource>, Fault> {
    let rows = rows.into_iter().enumerate().map(|(at, row)| {
        let start = row.span().start;
        let row = row.into_inner().settled();
        match row.complaint(table == "resource") {
            Some(complaint) => Err(Fault {
                at: place_of(text, table, at, &complaint).unwrap_or(start),
                message: complaint.message,
            }),
            None => Ok(row),
        }
    });
    rows.collect()
}

/// Where the key of a row has the value that is complained of.
fn place_of(text: &str, table: &str, row: usize, complaint: &Complaint) -> Option<usize> {
    let file = DeTable::parse(text).ok()?.into_inner();
    let row = file.get(table)?.get_ref().as_array()?.get(row)?;
    let row = row.get_ref().as_table()?;
    let value = row
        .get(complaint.key)
        .or_else(|| row.get(renamed::old_key(complaint.key)?))?;
    let element = value
        .get_ref()
        .as_array()
        .and_then(|list| list.get(complaint.element));
    Some(element.unwrap_or(value).span().start)
}

/// The parser's own sentence; where it lists the names it knows, only the nearest one.
fn told(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let is_unknown = message.starts_with("unknown ");
    let (Some(given), true) = (names.next(), is_unknown) else {
        return message.to_owned();
    };
    let known: Vec<&str> = names.collect();
    let what = match message.starts_with("unknown field") {
        true => "there is no key",
        false => "there is no value",
    };
    match nearest(given, known.iter().copied()) {
        Some(near) => format!("{what} `{given}` here; did you mean `{near}`?"),
        None => format!("{what} `{given}` here; known are {}", known.join(", ")),
    }
}

/// The name most like `given`, where one is alike enough for a slip of the keyboard.
pub fn nearest<'n>(given: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    const ALIKE: f64 = 0.75;
    let likeness = known.map(|name| (strsim::jaro_winkler(given, name), name));
    let best = likeness.max_by(|(a, _), (b, _)| a.total_cmp(b))?;
    (best.0 >= ALIKE).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rating::{Applicability, Severity};

    fn fault(text: &str) -> (usize, String) {
        let fault = parse(text).unwrap_err();
        (fault.at, fault.message)
    }

    #[test]
    fn every_key_is_read() {
        let parsed = parse(
            r#"
select = ["a"]
ignore = ["b"]
fixable = ["c"]
unfixable = ["d"]
min-confidence = "medium"
exclude = ["old/"]
[rules.e]
severity = "low"
applicability = "unsafe"
[[override]]
paths = ["cmd/"]
ignore = ["f"]
unfixable = ["g"]
min-confidence = "high"
[override.rules.e]
severity = "critical"
[pool]
style = "once"
max-open-conns = 0
conn-max-lifetime-minutes = 9
[[resource]]
rule = "r"
package = "p"
acquire = ["Open"]
release = ["Close"]
nil_safe = true
[[client]]
rule = "s"
package = "p"
acquire = ["New"]
release = ["Close"]
nil_safe = true
[[framework]]
name = "web"
path = "example.com/web"
[[framework.entry]]
what = "web handler"
takes = ["*example.com/web.Call"]
[framework.makes_handlers]
"example.com/web/wrap" = ["Handler"]
[framework.registers]
"example.com/web" = ["Handle"]
"#,
        )
        .unwrap();
        let config = parsed.config;
        let names: Vec<&str> = parsed.named.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["a", "b", "c", "d", "e", "f", "g", "e"]);
        assert!(config.excludes("old/x.go") && !config.excludes("new/x.go"));
        assert!(config.wants("a.go", "a", Confidence::Medium) && !config.wants("a.go", "a", Confidence::Low));
        assert!(!config.wants("cmd/a.go", "a", Confidence::Medium));
        assert!(config.fixes("a.go", "c") && !config.fixes("a.go", "d"));
        let change = config.change_of("cmd/a.go", "e");
        assert_eq!(change.severity, Some(Severity::Critical));
        assert_eq!(change.applied_to(Applicability::Safe), Applicability::Unsafe);
        assert_eq!(
            change.applied_to(Applicability::DisplayOnly),
            Applicability::DisplayOnly
        );
        assert_eq!(
            (config.pool.max_open_conns, config.pool.conn_max_lifetime),
            (None, Some(9))
        );
        assert_eq!(
            (config.resources[0].nil_safe, config.clients[0].nil_safe),
            (true, true)
        );
        let framework = &config.frameworks[0];
        assert_eq!(
            (&*framework.name, &*framework.entries[0].what),
            ("web", "web handler")
        );
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        assert_eq!(
            fault("\nslect = []"),
            (1, "there is no key `slect` here; did you mean `select`?".into())
        );
        let (at, message) = fault("[pool]\nstyle = \"onse\"");
        assert_eq!(
            (at, &*message),
            (15, "there is no value `onse` here; did you mean `once`?")
        );
        assert!(
            fault("exclude = [\"[z-a]\"]")
                .1
                .starts_with("`[z-a]` is no pattern")
        );
        let row = "[[resource]]\nrule = \"r\"\npackage = \"p\"\nacquire = []\nrelease = [\"Close\"]\n";
        assert!(fault(row).1.contains("acquire"));
        assert!(fault("select = 1").0 > 0);
        let framework = |entry: &str| {
            fault(&format!(
                "[[framework]]\nname = \"w\"\npath = \"e.com/w\"\n{entry}"
            ))
        };
        let (at, message) = framework("[[framework.entry]]\nwhat = \"w\"\ntakes = [\"*Call\"]");
        assert!(
            at > 50 && message.starts_with("`*Call` is no type with its import path"),
            "{at} {message}"
        );
        let (_, message) = framework("[[framework.entry]]\nwhat = \"w\"\ntakes = []");
        assert!(message.starts_with("`takes` needs a type"), "{message}");
        let (_, message) = framework("pth = \"x\"");
        assert_eq!(message, "there is no key `pth` here; did you mean `path`?");
    }
}
