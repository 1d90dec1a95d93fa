//! The test as Go source, as gofmt prints it.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::GoTest;
use super::entrance::{Entrance, title};
use super::oracle::Oracle;
use super::scene::Scene;
use crate::facts::paths;
use crate::frameworks::{Handler, Version};
use crate::go::Package;
use crate::transform::Rule;

/// What a test runs through after the first requests.
const ROUNDS: u32 = 10;

/// Names of the test function: a handler that is called so could not be named in it.
const OWN: [&str; 21] = [
    "app",
    "before",
    "client",
    "contexts",
    "counts",
    "descriptors",
    "ended",
    "failing",
    "folder",
    "goroutines",
    "kept",
    "latency",
    "listener",
    "mu",
    "pool",
    "round",
    "send",
    "served",
    "stuck",
    "together",
    "upstream",
];

static TEMPLATE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    // The template is ours and is rendered by the tests.
    environment
        .add_template("test", include_str!("test.go.j2"))
        .expect("the template of tests is sound");
    environment
});

/// What the template may use.
#[derive(Serialize)]
struct Facts<'a> {
    package: &'a str,
    std: BTreeSet<&'static str>,
    others: BTreeSet<String>,
    name: &'a str,
    handler: String,
    rules: Vec<&'a str>,
    rounds: u32,
    setup: Vec<String>,
    routes: &'a [String],
    config: String,
    v3: bool,
    /// The type of the request's context.
    ctx: &'static str,
    /// The request's context has ended from the start.
    ended: bool,
    needs_go124: bool,
    contexts: bool,
    descriptors: bool,
    goroutines: bool,
    /// Go's own profile of goroutines that can never go on is asked, too.
    profile: bool,
    /// The requests of a round come together.
    at_once: bool,
    /// A second round meets failures in place of answers.
    alternates: bool,
    file_field: Option<&'a str>,
    json: Option<String>,
    headers: &'a [String],
    method: &'a str,
    target: &'a str,
    oracles: Vec<Counted>,
    patience: String,
    database: Option<String>,
    driver: Option<&'a str>,
}

#[derive(Serialize)]
struct Counted {
    unit: &'static str,
    count: &'static str,
}

/// A test in the making.
pub struct Draft<'a> {
    pub handler: &'a Handler<'a>,
    pub scene: &'a Scene<'a>,
    pub entrance: &'a Entrance,
    pub oracles: &'a [Oracle],
    pub rules: &'a [&'a Rule],
}

impl Draft<'_> {
    pub fn write(&self) -> Result<GoTest, String> {
        check_name(&self.entrance.callee)?;
        let package = self.handler.declaration.package;
        let words = words(&title(self.handler));
        let name = format!("Test{}LeavesNothingBehind", camel(&words));
        let facts = self.facts(&name, &words)?;
        let text = TEMPLATE
            .get_template("test")
            .and_then(|template| template.render(Serde(facts)));
        let text = text.map_err(|error| format!("its test cannot be written: {error:#}"))?;
        let folder = match package.dir.as_str() {
            "" => String::new(),
            dir => format!("{dir}/"),
        };
        Ok(GoTest {
            path: format!("{folder}unleak_{}_test.go", file_stem(&words)),
            // The engine takes the last line's end away.
            text: text.trim_end().to_owned() + "\n",
            name,
        })
    }

    fn facts<'f>(&'f self, name: &'f str, words: &[String]) -> Result<Facts<'f>, String> {
        let Draft { scene, entrance, .. } = *self;
        let package = self.handler.declaration.package;
        let has_database = entrance.props.database || scene.unlinked.is_some();
        let database = has_database.then(|| format!("{}DB", lower_camel(words)));
        let Imports { std, others } = Imports::of(self, has_database).check(package)?;
        let (contexts, goroutines) = (self.counts(Oracle::Contexts), self.counts(Oracle::Goroutines));
        let v3 = self.handler.version == Version::V3;
        Ok(Facts {
            package: &package.name,
            std,
            others,
            name,
            handler: title(self.handler),
            rules: self.slugs(),
            rounds: ROUNDS,
            setup: setup(scene, entrance, database.as_deref()),
            routes: &entrance.routes,
            config: config(scene, v3),
            v3,
            ctx: scene.context(),
            ended: scene.must_not_dial(),
            needs_go124: contexts || scene.chdir,
            contexts,
            descriptors: self.counts(Oracle::Descriptors),
            goroutines,
            profile: self.asks_profile(),
            at_once: contexts || goroutines,
            alternates: entrance.props.database || entrance.props.upstream,
            file_field: scene.request.file.as_deref(),
            json: scene.request.json.as_deref().map(quoted),
            headers: &scene.request.headers,
            method: &entrance.method,
            target: &entrance.target,
            oracles: self.oracles.iter().map(|oracle| counted(*oracle)).collect(),
            patience: patience(scene),
            database,
            driver: scene.unlinked.as_deref(),
        })
    }

    fn counts(&self, oracle: Oracle) -> bool {
        self.oracles.contains(&oracle)
    }

    /// The profile knows goroutines that are blocked for ever; those of an open pool wait for work.
    fn asks_profile(&self) -> bool {
        self.counts(Oracle::Goroutines) && self.scene.opened.is_empty()
    }

    fn slugs(&self) -> Vec<&str> {
        let slugs: BTreeSet<&str> = self.rules.iter().map(|rule| &*rule.slug).collect();
        slugs.into_iter().collect()
    }
}

fn counted(oracle: Oracle) -> Counted {
    let (unit, count) = match oracle {
        Oracle::Goroutines => ("goroutines", "goroutines"),
        Oracle::Connections => ("connections in use", "func() int { return pool.Stats().InUse }"),
        Oracle::Statements => (
            "prepared statements",
            "func() int { return int(database.statements.Load()) }",
        ),
        Oracle::Dials => (
            "new connections",
            "func() int { return int(database.connected.Load()) }",
        ),
        Oracle::Descriptors => ("open descriptors", "descriptors"),
        Oracle::Contexts => ("request contexts", "kept"),
    };
    Counted { unit, count }
}

fn config(scene: &Scene<'_>, v3: bool) -> String {
    let mut fields = Vec::new();
    if !v3 {
        fields.push("DisableStartupMessage: true");
    }
    if scene.request.file.is_some() {
        // Uploads of this size are then files and not memory.
        fields.push("StreamRequestBody: true");
        fields.push("DisablePreParseMultipartForm: true");
    }
    match fields.is_empty() {
        true => String::new(),
        false => format!("fiber.Config{{{}}}", fields.join(", ")),
    }
}

/// How long a goroutine may take that is on its way to its end.
fn patience(scene: &Scene<'_>) -> String {
    format!("{} * time.Second", 3 + 2 * scene.latency() / 1000)
}

fn setup(scene: &Scene<'_>, entrance: &Entrance, database: Option<&str>) -> Vec<String> {
    let props = &entrance.props;
    let mut lines = Vec::new();
    if props.folder {
        lines.push("folder := t.TempDir()".to_owned());
    }
    if scene.chdir {
        lines.push("t.Chdir(t.TempDir())".to_owned());
    }
    for file in &scene.made {
        lines.push(format!(
            "if err := os.WriteFile({file}, []byte(\"unleak\\n\"), 0o600); err != nil {{"
        ));
        lines.push("\tt.Fatal(err)".to_owned());
        lines.push("}".to_owned());
    }
    if props.latency {
        lines.push("// Others answer later than the handler waits.".to_owned());
        lines.push(format!("const latency = {} * time.Millisecond", scene.latency()));
    }
    if props.database || props.upstream {
        lines.push("failing := &atomic.Bool{}".to_owned());
    }
    if let (Some(name), true) = (database, props.database) {
        lines.push(format!("database := &{name}{{failing: failing}}"));
        lines.push("pool := sql.OpenDB(database)".to_owned());
        lines.push("defer pool.Close()".to_owned());
    }
    if props.upstream {
        lines.extend(UPSTREAM.lines().map(str::to_owned));
    }
    lines.extend(entrance.setup.iter().cloned());
    lines
}

const UPSTREAM: &str = "\
// Stands for the service that the handler asks. It keeps no idle connections, which would be counted.
upstream := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
	if failing.Load() {
		w.WriteHeader(http.StatusInternalServerError)
	}
	_, _ = io.WriteString(w, \"{}\")
}))
upstream.Config.SetKeepAlivesEnabled(false)
upstream.Start()
defer upstream.Close()";

/// A file's import block.
struct Imports {
    std: BTreeSet<&'static str>,
    others: BTreeSet<String>,
}

impl Imports {
    fn of(draft: &Draft<'_>, database: bool) -> Self {
        let has = |oracle| draft.counts(oracle);
        let (scene, props) = (draft.scene, &draft.entrance.props);
        let mut std = BTreeSet::from([
            paths::IO,
            paths::NET,
            paths::NET_HTTP,
            paths::TESTING,
            paths::TIME,
        ]);
        let mut when = |holds: bool, paths: &[&'static str]| {
            if holds {
                std.extend(paths);
            }
        };
        let own_pool = props.database;
        when(
            has(Oracle::Goroutines),
            &[paths::BYTES, paths::RUNTIME, paths::SYNC],
        );
        when(draft.asks_profile(), &[paths::FMT, paths::RUNTIME_PPROF]);
        when(has(Oracle::Contexts), &[paths::RUNTIME, paths::SYNC, paths::WEAK]);
        when(has(Oracle::Descriptors), &[paths::OS, paths::RUNTIME_DEBUG]);
        when(!scene.made.is_empty(), &[paths::OS]);
        when(
            scene.made.iter().any(|file| file.contains("filepath.")),
            &[paths::PATH_FILEPATH],
        );
        when(scene.must_not_dial(), &[paths::CONTEXT]);
        when(own_pool || props.upstream, &[paths::SYNC_ATOMIC]);
        when(props.upstream, &[paths::NET_HTTP_HTTPTEST]);
        when(
            database,
            &[
                paths::CONTEXT,
                paths::DATABASE_SQL_DRIVER,
                paths::ERRORS,
                paths::SYNC_ATOMIC,
                paths::DATABASE_SQL,
            ],
        );
        when(
            scene.request.file.is_some(),
            &[paths::BYTES, paths::MIME_MULTIPART],
        );
        when(
            scene.request.json.is_some() && scene.request.file.is_none(),
            &[paths::STRINGS],
        );
        let mut others: BTreeSet<String> = BTreeSet::from([draft.handler.version.import_path().to_owned()]);
        for path in &props.imports {
            others.insert(path.clone());
        }
        let others = others.into_iter().map(|path| format!("\"{path}\"")).collect();
        Imports { std, others }
    }

    /// An import cannot have the name of something that the package declares.
    fn check(self, package: &Package) -> Result<Self, String> {
        let others = self.others.iter().map(|import| import.trim_matches('"'));
        let mut names = self
            .std
            .iter()
            .copied()
            .chain(others)
            .map(crate::go::package_name);
        match names.find(|name| package.declares(name)) {
            Some(name) => Err(format!(
                "the package declares `{name}`, which the test needs as an import"
            )),
            None => Ok(self),
        }
    }
}

fn check_name(callee: &str) -> Result<(), String> {
    let named = callee.split(['.', '(']).next().unwrap_or(callee);
    match OWN.contains(&named) {
        true => Err(format!(
            "its name, `{named}`, is one that the test uses itself: give it another"
        )),
        false => Ok(()),
    }
}

/// The words of a title such as `Handlers.Refund` or `Setup /posters/:name/hash`.
fn words(title: &str) -> Vec<String> {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// A name that ends like a platform would be left out on the others.
fn file_stem(words: &[String]) -> String {
    const PLATFORMS: [&str; 16] = [
        "aix", "amd64", "android", "arm", "arm64", "darwin", "freebsd", "ios", "js", "linux", "netbsd",
        "openbsd", "plan9", "unix", "wasm", "windows",
    ];
    let stem = words.join("_").to_lowercase();
    let last = stem.rsplit('_').next().unwrap_or("");
    match PLATFORMS.contains(&last) {
        true => format!("{stem}_handler"),
        false => stem,
    }
}

fn camel(words: &[String]) -> String {
    words
        .iter()
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect()
}

fn lower_camel(words: &[String]) -> String {
    let whole = camel(words);
    whole[..1].to_lowercase() + &whole[1..]
}

/// A Go string literal.
fn quoted(text: &str) -> String {
    match text.contains('`') {
        false => format!("`{text}`"),
        true => format!("{text:?}"),
    }
}
