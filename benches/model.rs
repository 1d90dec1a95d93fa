//! What the model of Go costs beside the parse, in one run, so that the ratio means something on any machine:
//! `cargo bench --bench model` over a service of more than 70,000 lines made up here, `cargo bench --bench model -- DIR`
//! over the module in a folder.
//!
//! The parse is that of every declaration. The model is all that comes on top of it when everything is asked: the cut
//! of the files into declarations, the index of their names, the scopes of local names, the type of every expression
//! and what every call calls. A scan asks for a part of it. What the service imports was read before, and its cost is
//! told apart.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use unleak::go::syntax::Kind;
use unleak::go::{Callee, Loaded, Loader, Package, Program, SourceFile};
use unleak::workspace::ModuleLoader;

const PACKAGES: usize = 24;
const FILES: usize = 30;
/// Handlers with their store in one file.
const PAIRS: usize = 3;

/// One entity: its type, its store and a handler that walks through other packages, closures and generics.
fn entity(package: usize, at: usize) -> String {
    let other = (package + 1) % PACKAGES;
    format!(
        r#"
// Item{at} is what the service keeps.
type Item{at} struct {{
	base
	ID    int64
	Name  string
	Tags  []string
	Prices map[string]float64
	Created time.Time
}}

type Store{at} struct {{
	db  *sql.DB
	log func(format string, args ...any)
}}

func NewStore{at}(db *sql.DB) *Store{at} {{
	return &Store{at}{{db: db, log: func(format string, args ...any) {{ fmt.Printf(format, args...) }}}}
}}

func (s *Store{at}) List(ctx context.Context, limit int) ([]*Item{at}, error) {{
	rows, err := s.db.QueryContext(ctx, "select id, name from items limit $1", limit)
	if err != nil {{
		return nil, fmt.Errorf("list: %w", err)
	}}
	defer rows.Close()
	var items []*Item{at}
	for rows.Next() {{
		item := &Item{at}{{Created: time.Now(), Prices: map[string]float64{{"eur": 1.5}}}}
		if err := rows.Scan(&item.ID, &item.Name); err != nil {{
			return nil, err
		}}
		item.touch()
		items = append(items, item)
	}}
	return items, rows.Err()
}}

func (s *Store{at}) Handle(w http.ResponseWriter, r *http.Request) {{
	ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
	defer cancel()
	items, err := s.List(ctx, 10)
	switch e := err.(type) {{
	case nil:
	case *strangeError:
		http.Error(w, e.reason+strings.ToUpper(e.Error()), http.StatusBadRequest)
		return
	default:
		http.Error(w, e.Error(), http.StatusInternalServerError)
		return
	}}
	names := apply(items, func(item *Item{at}) string {{ return strings.TrimSpace(item.Name) }})
	total := 0.0
	for i, item := range items {{
		for _, price := range item.Prices {{
			total += price * float64(i+1)
		}}
		s.log("%s %v", item.Name, item.seen)
	}}
	prefix := svc{other}.Prefix(len(names))
	w.Header().Set("X-Prefix", prefix)
	if _, err := w.Write([]byte(strings.Join(names, prefix))); err != nil || total > 100 {{
		s.log("write: %v", err)
	}}
}}
"#
    )
}

fn common(package: usize) -> String {
    format!(
        "package svc{package}\n\nimport \"strings\"\n\ntype base struct{{ seen bool }}\n\nfunc (b *base) touch() {{ b.seen = true }}\n\n\
         type strangeError struct{{ reason string }}\n\nfunc (e *strangeError) Error() string {{ return e.reason }}\n\n\
         func apply[T, R any](all []T, f func(T) R) []R {{\n\tvar out []R\n\tfor _, one := range all {{\n\t\tout = append(out, f(one))\n\t}}\n\treturn out\n}}\n\n\
         func Prefix(n int) string {{ return strings.Repeat(\"-\", n) }}\n"
    )
}

fn file(package: usize, file: usize) -> String {
    let other = (package + 1) % PACKAGES;
    let mut text = format!(
        "package svc{package}\n\nimport (\n\t\"context\"\n\t\"database/sql\"\n\t\"fmt\"\n\t\"net/http\"\n\t\"strings\"\n\t\"time\"\n\n\t\"example.com/big/svc{other}\"\n)\n"
    );
    for pair in 0..PAIRS {
        text += &entity(package, file * PAIRS + pair);
    }
    text
}

/// The texts of the service by package and file, shared with whoever reads them.
struct Service(Vec<Vec<(String, Arc<[u8]>)>>);

impl Service {
    fn new() -> Self {
        let files = |package| {
            let others = (0..FILES).map(move |at| (format!("f{at}.go"), file(package, at)));
            let all = [("common.go".to_owned(), common(package))]
                .into_iter()
                .chain(others);
            all.map(|(name, text)| (name, text.into_bytes().into())).collect()
        };
        Service((0..PACKAGES).map(files).collect())
    }
}

const PATH: &str = "example.com/big/svc";

impl Loader for Service {
    fn load(&self, path: &str) -> Option<Loaded> {
        let at: usize = path.strip_prefix(PATH)?.parse().ok()?;
        let texts = self.0.get(at)?.iter();
        Some(Loaded {
            dir: format!("svc{at}"),
            module: None,
            files: texts
                .map(|(name, text)| SourceFile::new(name, Arc::clone(text)))
                .collect(),
            is_own: true,
        })
    }

    fn importers(&self, _path: &str) -> Vec<String> {
        Vec::new()
    }

    fn own(&self) -> Vec<String> {
        (0..PACKAGES).map(|at| format!("{PATH}{at}")).collect()
    }
}

/// One loader, for the program and for what is measured.
#[derive(Clone)]
struct Shared(Arc<dyn Loader>);

impl Loader for Shared {
    fn load(&self, path: &str) -> Option<Loaded> {
        self.0.load(path)
    }

    fn importers(&self, path: &str) -> Vec<String> {
        self.0.importers(path)
    }

    fn own(&self) -> Vec<String> {
        self.0.own()
    }
}

/// What was seen and how long each step took.
#[derive(Default)]
struct Pass {
    lines: usize,
    calls: usize,
    known: usize,
    cut: Duration,
    parse: Duration,
    scopes: Duration,
    types: Duration,
}

impl Pass {
    /// Over every package of the service, each of them dropped before the next one.
    fn over(loader: &Shared, program: &Arc<Program>) -> Pass {
        let mut pass = Pass::default();
        for path in loader.own() {
            if let Some(loaded) = loader.load(&path) {
                pass.package(&path, loaded, program);
            }
        }
        pass
    }

    fn package(&mut self, path: &str, loaded: Loaded, program: &Arc<Program>) {
        let (package, cut) = timed(|| {
            let files = loaded.files.iter();
            let files = files.map(|file| SourceFile::new(&*file.path, Arc::clone(&file.source)));
            let mut package = Package::new(loaded.dir.clone(), loaded.module.clone(), files.collect());
            package.path = path.into();
            package.within(Arc::clone(program))
        });
        self.cut += cut;
        let sources = package.files.iter().map(|file| &file.source);
        self.lines += sources
            .map(|source| source.iter().filter(|byte| **byte == b'\n').count())
            .sum::<usize>();
        let (nodes, parse) = timed(|| {
            let trees = package.declarations().map(|at| at.tree());
            trees.map(|tree| tree.root().subtree_end()).sum::<usize>()
        });
        self.parse += parse;
        let (bound, scopes) = timed(|| {
            let scopes = package.declarations().map(|at| at.scopes());
            scopes.map(|scopes| scopes.bindings().count()).sum::<usize>()
        });
        self.scopes += scopes;
        assert!(bound <= nodes);
        let ((), types) = timed(|| self.ask(&package));
        self.types += types;
    }

    /// Types every expression and follows every call.
    fn ask(&mut self, package: &Package) {
        for declaration in package.declarations() {
            for node in declaration.tree().root().subtree() {
                match node.kind() {
                    Kind::CallExpression => {
                        self.calls += 1;
                        self.known += usize::from(!matches!(declaration.callee(node), Callee::Unknown));
                        let _ = declaration.type_of(node);
                    }
                    Kind::Identifier | Kind::SelectorExpression => {
                        let _ = declaration.type_of(node);
                    }
                    _ => {}
                }
            }
        }
    }

    fn model(&self) -> Duration {
        self.cut + self.scopes + self.types
    }
}

fn timed<R>(work: impl FnOnce() -> R) -> (R, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn main() {
    // Cargo hands its own flags to what it runs.
    let folder = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with("--"));
    let loader: Arc<dyn Loader> = match folder.map(PathBuf::from) {
        Some(folder) => {
            let folder = folder.canonicalize().expect("the folder is there");
            Arc::new(ModuleLoader::around(&folder, &folder).expect("the folder holds a go.mod"))
        }
        None => Arc::new(Service::new()),
    };
    let loader = Shared(loader);
    let program = Arc::new(Program::new(loader.clone()));
    let first = Pass::over(&loader, &program);
    let pass = Pass::over(&loader, &program);
    println!(
        "{} lines, {} calls, {} callees known",
        pass.lines, pass.calls, pass.known
    );
    println!(
        "parse {:.1?}, model {:.1?} (cut {:.1?}, scopes {:.1?}, types and calls {:.1?}), imported packages {:.1?} once",
        pass.parse,
        pass.model(),
        pass.cut,
        pass.scopes,
        pass.types,
        first.types.saturating_sub(pass.types),
    );
    println!(
        "the whole model costs {:.2} of the parse",
        pass.model().as_secs_f64() / pass.parse.as_secs_f64()
    );
}
