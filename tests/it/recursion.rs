//! Code that leads to itself, in every way Go has for it, with everything passing through it that a repair is about:
//! the search comes to an end, on a thread of the size that threads have by default, and finds what lies beside it.

use std::fs;
use std::sync::Arc;

use unleak::config::{Config, Profile};
use unleak::engine::{Automatic, CrossPackageRepair, Engine, analyze};
use unleak::go::{Module, Package, SourceFile};
use unleak::transform::Sources;
use unleak::transforms::suite;

/// Something that repairs are about: its type, and the statement that gets it as `v` where a handler has its `c`.
struct Value {
    name: &'static str,
    of: &'static str,
    got: &'static str,
}

const VALUES: [Value; 11] = [
    value("file", "*os.File", "v, _ := os.Open(c.Params(\"p\"))"),
    value("rows", "*sql.Rows", "v, _ := pool.Query(\"SELECT 1\")"),
    value("body", "*http.Response", "v, _ := http.Get(c.Params(\"p\"))"),
    value("pool", "*sql.DB", "v, _ := sql.Open(\"pgx\", \"host=db\")"),
    value(
        "client",
        "*http.Client",
        "v := &http.Client{Transport: &http.Transport{}}",
    ),
    value(
        "cancel",
        "context.CancelFunc",
        "_, v := context.WithCancel(c.UserContext())",
    ),
    value("ticker", "*time.Ticker", "v := time.NewTicker(time.Second)"),
    value("queue", "chan int", "v := make(chan int)"),
    value("buffer", "*bytes.Buffer", "v := buffers.Get().(*bytes.Buffer)"),
    value("text", "string", "v := c.Params(\"p\")"),
    value("work", "func()", "v := func() { <-c.Context().Done() }"),
];

const fn value(name: &'static str, of: &'static str, got: &'static str) -> Value {
    Value { name, of, got }
}

/// Names end in `_`, which stands for the value: `V` is its type, `GOT` a call that gives it.
const SHAPES: [(&str, &str); 16] = [
    (
        "itself",
        "func step_(n int, v V) V {\n\tif n > 0 {\n\t\treturn step_(n-1, v)\n\t}\n\treturn v\n}\n
func eat_(n int, v V) {\n\tif n > 0 {\n\t\teat_(n-1, v)\n\t\teat_(n-2, v)\n\t}\n}\n
func H_itself(c *fiber.Ctx) error {\n\tv := GOT\n\teat_(3, v)\n\tuse(step_(3, v))\n\treturn nil\n}\n",
    ),
    (
        "mutual",
        "func ping_(n int, v V) (V, error) {\n\treturn pong_(n-1, v)\n}\n
func pong_(n int, v V) (V, error) {\n\tx, err := ping_(n-1, v)\n\treturn x, err\n}\n
func H_mutual(c *fiber.Ctx) error {\n\tv, err := ping_(3, GOT)\n\tuse(v)\n\treturn err\n}\n",
    ),
    (
        "decorator",
        "type doer_ interface{ Done(v V) V }\n
type outer_ struct{ inner doer_ }\n
func (w outer_) Done(v V) V { return w.inner.Done(v) }\n
type other_ struct{ doer_ }\n
func (o *other_) Done(v V) V {\n\tdefer o.doer_.Done(v)\n\treturn o.doer_.Done(v)\n}\n
func (w outer_) H(c *fiber.Ctx) error {\n\tuse(w.Done(GOT))\n\treturn nil\n}\n",
    ),
    (
        "closure",
        "func H_closure(c *fiber.Ctx) error {\n\tvar again func(n int, v V) V\n\tagain = func(n int, v V) V {\n\t\tif n > 0 {\n\t\t\treturn again(n-1, v)\n\t\t}\n\t\treturn v\n\t}\n\tvar all []func()\n\tvar self func()\n\tself = func() {\n\t\tall = append(all, self)\n\t\tfor _, f := range all {\n\t\t\tf()\n\t\t}\n\t\tuse(again(2, GOT))\n\t}\n\tself()\n\treturn nil\n}\n",
    ),
    (
        "literals",
        "func backoff_(n int, v V) func() (V, error) {\n\tif n > 0 {\n\t\treturn backoff_(n-1, v)\n\t}\n\treturn func() (V, error) {\n\t\treturn backoff_(n, v)()\n\t}\n}\n
func H_literals(c *fiber.Ctx) error {\n\tv, err := backoff_(3, GOT)()\n\tuse(v)\n\treturn err\n}\n",
    ),
    (
        "handed on",
        "func twice_(f func(V), v V) {\n\ttwice_(func(v V) { f(v); twice_(f, v) }, v)\n}\n
func H_handed(c *fiber.Ctx) error {\n\ttwice_(func(v V) { use(v) }, GOT)\n\treturn nil\n}\n",
    ),
    (
        "generic",
        "func deep_[X any](n int, x X) X {\n\tif n > 0 {\n\t\treturn deep_[X](n-1, x)\n\t}\n\treturn deep_(n-1, x)\n}\n
func grow_[X any](n int, x X) { grow_[[]X](n-1, nil) }\n
type box_[X any] struct {\n\tnext *box_[box_[X]]\n\tx    X\n}\n
func (b *box_[X]) last() X { return b.next.last().x }\n
func H_generic(c *fiber.Ctx) error {\n\tuse(deep_(3, GOT))\n\tb := box_[V]{x: GOT}\n\tuse(b.next.next.last().x)\n\tgrow_(3, GOT)\n\treturn nil\n}\n",
    ),
    (
        "embedding",
        "type left_ struct {\n\t*right_\n\tv V\n}\n
type right_ struct {\n\t*left_\n\tmine V\n}\n
type above_ interface{ below_ }\n
type below_ interface {\n\tabove_\n\tClose() error\n}\n
func (l *left_) H(c *fiber.Ctx) error {\n\tl.v = GOT\n\tl.right_.left_.missing(l.v)\n\tvar b below_\n\tb.Miss(l.mine)\n\treturn b.Close()\n}\n",
    ),
    (
        "method value",
        "type tree_ struct {\n\tkids []*tree_\n\tstep func(V) V\n\tv    V\n}\n
func (t *tree_) walk(v V) V {\n\tnext := t.kids[0].walk\n\tt.step = t.walk\n\treturn next(t.step(v))\n}\n
func (t *tree_) H(c *fiber.Ctx) error {\n\tt.step = t.walk\n\tt.v = t.walk(GOT)\n\tuse(tree_.walk)\n\treturn nil\n}\n",
    ),
    (
        "variables",
        "var first_ = func(v V) V { return second_(v) }\n
var second_ = func(v V) V { return first_(v) }\n
var table_ = map[string]func(V) V{\"a\": first_, \"b\": func(v V) V { return table_[\"a\"](v) }}\n
var round_ = other_v(around_)\n
var around_ = other_v(round_)\n
func other_v(v V) V { return first_(v) }\n
func H_variables(c *fiber.Ctx) error {\n\tround_ = around_\n\tuse(table_[\"b\"](GOT))\n\treturn nil\n}\n",
    ),
    (
        "types",
        "type fn_ func(fn_, V) fn_\n
type list_ []list_\n
type dict_ map[string]dict_\n
type wire_ chan wire_\n
type loop_ loop_\n
type alias_ = *alias_\n
type link_ struct {\n\tnext *link_\n\tv    V\n}\n
func call_(f fn_, v V) fn_ { return f(call_(f, v), v) }\n
func H_types(c *fiber.Ctx) error {\n\tvar f fn_\n\tf = f(f, GOT)(f, GOT)\n\tvar l list_\n\tuse(l[0][0][0])\n\tw := make(wire_)\n\tgo func() { w <- w }()\n\tvar x loop_\n\tx.Close()\n\tvar a alias_\n\ta.Close()\n\thead := &link_{v: GOT}\n\thead.next.next.next.v = GOT\n\treturn nil\n}\n",
    ),
    (
        "constants",
        "const (\n\ta_ = b_\n\tb_ = a_ + 1\n)\n
var sized_ [a_]V\n
func H_constants(c *fiber.Ctx) error {\n\tq := make(chan V, b_)\n\tfor i := 0; i < a_; i++ {\n\t\tgo func() { q <- GOT }()\n\t}\n\treturn nil\n}\n",
    ),
    (
        "goroutines",
        "func spawn_(n int, v V) {\n\tgo spawn_(n-1, v)\n\tgo func() {\n\t\tgo spawn_(n, v)\n\t\tuse(v)\n\t}()\n}\n
func H_goroutines(c *fiber.Ctx) error {\n\tspawn_(3, GOT)\n\treturn nil\n}\n",
    ),
    (
        "deferred",
        "func last_(v V) {\n\tdefer last_(v)\n\tdefer func() { defer last_(v) }()\n}\n
func H_deferred(c *fiber.Ctx) error {\n\tv := GOT\n\tdefer last_(v)\n\treturn nil\n}\n",
    ),
    (
        "values",
        "func H_values(c *fiber.Ctx) error {\n\ta, b := GOT, GOT\n\ta, b = b, a\n\tvar x = y_\n\ty_ := x\n\tfor range 3 {\n\t\ta = b\n\t\tb = a\n\t}\n\tuse(a)\n\tuse(y_)\n\treturn nil\n}\n",
    ),
    (
        "constructors",
        "type svc_ struct {\n\tup *svc_\n\tv  V\n}\n
func new_(up *svc_, v V) *svc_ {\n\ts := &svc_{up: up, v: v}\n\tif up == nil {\n\t\treturn new_(s, v)\n\t}\n\treturn s\n}\n
func (s *svc_) H(c *fiber.Ctx) error {\n\ts.up = new_(s.up, GOT)\n\treturn s.up.H(c)\n}\n
func Routes_(app *fiber.App) {\n\tapp.Get(\"/_\", new_(nil, *new(V)).H)\n\tRoutes_(app)\n}\n",
    ),
];

const HEAD: &str = "package p

import (
\t\"bytes\"
\t\"context\"
\t\"database/sql\"
\t\"net/http\"
\t\"os\"
\t\"sync\"
\t\"time\"

\t\"github.com/gofiber/fiber/v2\"
)

var pool *sql.DB

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func use(v any) {}

// Beside is an ordinary leak.
func Beside(c *fiber.Ctx) error {
\tf, err := os.Open(\"beside\")
\tif err != nil {
\t\treturn err
\t}
\tb := make([]byte, 8)
\tn, err := f.Read(b)
\tif err != nil {
\t\treturn err
\t}
\treturn c.JSON(n)
}

var _ = time.Second
var _ = http.DefaultClient
var _ = context.Background
";

const GO_MOD: &str = "module example.com/app\n\ngo 1.25.0\n\nrequire github.com/gofiber/fiber/v2 v2.52.15\n";

fn written(shape: &str, value: &Value, name: &str) -> String {
    let got = format!(
        "func got_(c *fiber.Ctx) V {{\n\t{}\n\treturn v\n}}\n\n{shape}\n{}",
        value.got.replace("_", "NONE"),
        "func P_(c *fiber.Ctx) error {\n\tGET\n\tdefer use(v)\n\treturn nil\n}\n"
    );
    let got = got
        .replace("GOT", "got_(c)")
        .replace("GET", &value.got.replace('_', "NONE"));
    let mut out = String::new();
    // `V` alone is the type; as a part of a name it is none.
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"');
    let mut before = None;
    let mut rest = got.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            'V' if !is_part(before) && !is_part(rest.peek().copied()) => out.push_str(value.of),
            c => out.push(c),
        }
        before = Some(c);
    }
    out.replace('_', &format!("_{name}")).replace("NONE", "_")
}

struct Alone;

impl Sources for Alone {
    fn users_of(&self, _: &Package, _: &str) -> Vec<String> {
        Vec::new()
    }
}

/// How many findings a package of these files has; all of them are repaired, too.
fn findings(sources: &[String], profile: Profile) -> usize {
    let config = Config {
        profile,
        ..Config::default()
    };
    let engine = Engine {
        suite: suite(),
        config: &config,
        sources: &Alone,
        formatter: None,
        compiler: None,
    };
    let files = sources.iter().enumerate();
    let files = files.map(|(at, source)| SourceFile::new(format!("p/f{at}.go"), source.as_bytes()));
    let module = Arc::new(Module::parse("", GO_MOD));
    let analysis = analyze(Package::new("p", Some(module), files.collect()), &engine);
    let found = analysis.proposals.len();
    let mut joint = CrossPackageRepair::default();
    joint.repair(analysis, &engine, &mut Automatic::new(true, None));
    found
}

/// Runs on a thread of its own, whose stack has the size that threads have by default.
fn on_a_plain_thread(work: impl FnOnce() + Send + 'static) {
    std::thread::spawn(work).join().unwrap();
}

#[test]
fn every_shape_of_recursion_comes_to_an_end_with_every_value() {
    for (shape, text) in SHAPES {
        on_a_plain_thread(move || {
            for value in &VALUES {
                let source = written(text, value, "x");
                let files = [HEAD.to_owned(), format!("package p\n\n{source}")];
                for profile in [Profile::Auto, Profile::General] {
                    let found = findings(&files, profile);
                    assert!(
                        found > 0,
                        "{shape} with a {}: what lies beside is lost",
                        value.name
                    );
                }
            }
        });
    }
}

#[test]
fn all_shapes_in_one_package_come_to_an_end() {
    on_a_plain_thread(|| {
        let mut files = vec![HEAD.to_owned()];
        for value in &VALUES {
            let shapes = SHAPES.iter().map(|(_, text)| written(text, value, value.name));
            files.push(format!("package p\n\n{}", shapes.collect::<Vec<_>>().join("\n")));
        }
        let found = findings(&files, Profile::General);
        assert!(found > 1, "{found}");
    });
}

/// Code that is nested as deep as `depth`, in several ways.
fn nested(depth: usize) -> Vec<String> {
    let around = |open: &str, inner: &str, close: &str| {
        format!("{}{inner}{}", open.repeat(depth), close.repeat(depth))
    };
    let function = |body: String| format!("func f(x int, s string) {{\n{body}\n}}\n");
    vec![
        format!("var x = {}", around("(", "1", ")")),
        format!("var x = {}", around("-", "1", "")),
        format!("var x = {}1", "1 + ".repeat(depth)),
        format!("var x {}", around("[]", "int", "")),
        format!("var x {}", around("map[string]", "int", "")),
        format!("var x {}", around("func(", "", ")")),
        format!("var x {}", around("struct{ a ", "int", " }")),
        format!("var x = {}", around("g(", "1", ")")),
        format!("var x = {}", around("[]any{", "", "}")),
        format!("var x = a{}", ".B()".repeat(depth)),
        format!("var x = a{}", "[0]".repeat(depth)),
        format!("var x = a{}", "()".repeat(depth)),
        function(around("{\n", "g()", "\n}")),
        function(around("if x > 1 {\n", "g()", "\n}")),
        function(around("for {\n", "g()", "\n}")),
        function(around("func() {\n", "g()", "\n}()")),
        function(around("go func() {\n", "g()", "\n}()")),
        function(around("switch {\ncase x > 1:\n", "g()", "\n}")),
        function(format!("{} {{ g() }}", "if x > 1 { g() } else ".repeat(depth))),
        function(format!("_ = s{}", " + s".repeat(depth))),
        function(format!("if s == \"\"{} {{\n}}", " || s == \"\"".repeat(depth))),
    ]
}

/// Runs the program over a folder with a module, in which `files` lie.
fn scanned(files: &[(String, String)]) -> (Option<i32>, String, String) {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("go.mod"), GO_MOD).unwrap();
    for (path, source) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, source).unwrap();
    }
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_unleak"));
    let named = files.iter().map(|(path, _)| path);
    command.args(["scan", "--profile", "general"]).args(named);
    let ran = command.current_dir(folder.path()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (ran.status.code(), text(&ran.stdout), text(&ran.stderr))
}

#[test]
fn what_is_nested_too_deep_is_left_out_by_name_and_ends_nothing() {
    for depth in [900, 50_000] {
        let declared = nested(depth).into_iter().enumerate();
        let mut files: Vec<(String, String)> = declared
            .map(|(at, text)| {
                let source = format!("package d\n\nimport \"os\"\n\nvar _ = os.Open\n\n{text}\n");
                (format!("d{at}/f.go"), source)
            })
            .collect();
        let deep = files.len();
        files.push(("e/f.go".to_owned(), HEAD.replace("package p", "package e")));
        let (code, out, err) = scanned(&files);
        assert!(matches!(code, Some(0..=2)), "{depth}: {code:?} {err}");
        assert!(
            out.contains("e/f.go"),
            "{depth}: the leak beside it is lost: {out} {err}"
        );
        if depth == 50_000 {
            let told = |file: &str| {
                let about = err.lines().filter(|line| line.contains(file));
                about
                    .filter(|line| line.contains("left out") || line.contains("larger than"))
                    .count()
            };
            for file in 0..deep {
                let name = format!("d{file}/f.go");
                assert_eq!(told(&name), 1, "{name}: {err}");
            }
        }
    }
}
