//! What the model of Go costs beside the parse: over one service of more than 70,000 lines, made up here, the time
//! to parse every declaration, and then to resolve every name, type every expression and find what every call
//! calls. Both in one run, so that the ratio means something on any machine: `cargo bench --bench model`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use unleak::go::syntax::Kind;
use unleak::go::{Callee, Loaded, Loader, Package, Program, SourceFile};

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

fn files(package: usize) -> Vec<SourceFile> {
    let mut files = vec![SourceFile::new("common.go", common(package).into_bytes())];
    files.extend((0..FILES).map(|at| SourceFile::new(format!("f{at}.go"), file(package, at).into_bytes())));
    files
}

/// The other packages of the service, as a loader reads them.
struct Service;

impl Loader for Service {
    fn load(&self, path: &str) -> Option<Loaded> {
        let at = path.strip_prefix("example.com/big/svc")?.parse().ok()?;
        Some(Loaded {
            dir: format!("svc{at}"),
            module: None,
            files: files(at),
            is_own: true,
        })
    }

    fn importers(&self, _path: &str) -> Vec<String> {
        Vec::new()
    }

    fn own(&self) -> Vec<String> {
        Vec::new()
    }
}

fn parse(package: &Package) -> usize {
    package
        .declarations()
        .map(|declaration| declaration.tree().root().subtree_end())
        .sum()
}

/// Resolves, types and follows everything: (calls, those whose callee is known, nodes).
fn model(package: &Package) -> (usize, usize) {
    let (mut calls, mut known) = (0, 0);
    for declaration in package.declarations() {
        for node in declaration.tree().root().subtree() {
            match node.kind() {
                Kind::CallExpression => {
                    calls += 1;
                    known += usize::from(!matches!(declaration.callee(node), Callee::Unknown));
                    let _ = declaration.type_of(node);
                }
                Kind::Identifier | Kind::SelectorExpression => {
                    let _ = declaration.type_of(node);
                }
                _ => {}
            }
        }
    }
    (calls, known)
}

fn main() {
    let program = Arc::new(Program::new(Service));
    let mut lines = 0;
    let (mut cut, mut parsed, mut modelled) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let (mut calls, mut known) = (0, 0);
    for at in 0..PACKAGES {
        let start = Instant::now();
        let mut package = Package::new(format!("svc{at}"), None, files(at));
        package.path = format!("example.com/big/svc{at}");
        let package = package.within(Arc::clone(&program));
        cut += start.elapsed();
        lines += package
            .files
            .iter()
            .map(|file| file.source.iter().filter(|byte| **byte == b'\n').count())
            .sum::<usize>();
        let start = Instant::now();
        assert!(parse(&package) > 0);
        parsed += start.elapsed();
        let start = Instant::now();
        let found = model(&package);
        modelled += start.elapsed();
        calls += found.0;
        known += found.1;
    }
    println!("{lines} lines, {calls} calls, {known} callees known");
    println!(
        "cut and indexed {cut:?}, parsed {parsed:?}, modelled {modelled:?}: the model costs {:.2} of the parse",
        modelled.as_secs_f64() / parsed.as_secs_f64()
    );
}
