//! The built-in checker against the compiler and vet: of small packages, both refuse the same ones.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use crate::support::go::{Go, tell};
use unleak::go::check::{of_declaration, of_file};
use unleak::go::{FileId, Loader, Package, Program};
use unleak::workspace::ModuleLoader;

/// Files without their package clause, one package each. What is wrong with some is one thing each.
const SNIPPETS: &[&str] = &[
    // Names.
    "func f() {\n\ta := 1\n\tvar a int\n\t_ = a\n}",
    "func f(a int) {\n\tfor a := range a {\n\t\t_ = a\n\t}\n}",
    "func f(a int) {\n\ta := a\n\t_ = a\n}",
    "var x = 1\n\nfunc x() {}",
    "type t struct{}\n\nfunc (t) m() {}\n\nfunc (*t) m() {}",
    "import \"os\"\n\nfunc f() {\n\tr, err := os.Open(\"\")\n\t_, err := r.Stat()\n\t_ = err\n}",
    "import \"os\"\n\nfunc f() {\n\tr, err := os.Open(\"\")\n\ts, err := r.Stat()\n\t_, _ = s, err\n}",
    "import \"os\"\n\nfunc f() {\n\tr, err := os.Open(\"\")\n\t_ = err\n}",
    "func f() {\n\ta := 1\n\ta = 2\n}",
    "func f() {\n\ta := 1\n\tdefer func() { a++ }()\n}",
    "func f(v any) {\n\tswitch w := v.(type) {\n\tcase int:\n\t\t_ = w\n\t}\n}",
    "func f(v any) {\n\tswitch w := v.(type) {\n\tcase int:\n\t}\n}",
    "import \"os\"",
    "import o \"os\"\n\nvar _ = o.Args",
    "import \"math/rand/v2\"\n\nvar _ = rand.Int()",
    "var _ = os.Args",
    "import \"os\"\n\nvar _ = os.Argz",
    "import . \"strings\"\n\nvar _ = ToUpper(\"\")",
    "func f() { undeclared() }",
    "type t struct{ u }\n\ntype u struct{ a int }\n\nfunc f(x t) int { return x.a }",
    // Members.
    "import (\n\t\"io\"\n\t\"os\"\n)\n\nfunc f() error {\n\tvar in io.Reader = os.Stdin\n\treturn in.Close()\n}",
    "import (\n\t\"io\"\n\t\"os\"\n)\n\nfunc f() error {\n\tvar in io.ReadCloser = os.Stdin\n\treturn in.Close()\n}",
    "import \"net/http\"\n\nfunc f(r *http.Response) { r.Close() }",
    "import \"net/http\"\n\nfunc f(r *http.Response) { r.Body.Close() }",
    "import \"net/http\"\n\nvar c = http.Client{Timeouts: 1}",
    "import \"sync\"\n\ntype t struct{ sync.Mutex }\n\nfunc f(x *t) {\n\tx.Lock()\n\tdefer x.Unlock()\n}",
    "import \"sync\"\n\ntype t struct{ sync.Mutex }\n\nfunc f(x *t) { x.Release() }",
    // Numbers and types of values.
    "import \"os\"\n\nfunc f() *os.File {\n\tr := os.Open(\"\")\n\treturn r\n}",
    "import \"os\"\n\nfunc f() (*os.File, error) { return os.Open(\"\") }",
    "import \"os\"\n\nfunc f() *os.File { return os.Open(\"\") }",
    "import \"database/sql\"\n\nfunc f(r *sql.Rows) { x := r.Close; _ = x() }",
    "func f(m map[string]int) bool {\n\t_, ok := m[\"\"]\n\treturn ok\n}",
    "func f() (int, error) { return 1 }",
    "func f() (n int, err error) {\n\tn = 1\n\treturn\n}",
    "import \"context\"\n\nfunc f(c context.Context) { g(c) }\n\nfunc g(c context.Context, n int) {}",
    "import \"context\"\n\nfunc f() { g(context.Background(), 1) }\n\nfunc g(c context.Context, n ...int) {}",
    "import \"io\"\n\nfunc f(r io.Reader) io.ReadCloser { return r }",
    "import \"io\"\n\nfunc f(r io.ReadCloser) io.Reader { return r }",
    "import (\n\t\"bytes\"\n\t\"io\"\n)\n\nfunc f(b *bytes.Buffer) io.ReadCloser { return b }",
    "import (\n\t\"bytes\"\n\t\"io\"\n)\n\nfunc f(b *bytes.Buffer) io.Closer { return io.NopCloser(b) }",
    "func f(s string) []byte { return s }",
    "import \"time\"\n\nfunc f(d time.Duration) int { return d }",
    "import \"time\"\n\nfunc f() time.Duration { return 3 * time.Second }",
    "import \"time\"\n\nfunc f(n int) time.Duration { return n * 1 }",
    "func f(c chan int, d <-chan int) {\n\td = c\n\t<-d\n}",
    "func f(c chan int, d <-chan int) { c = d; <-c }",
    "func f(d <-chan int) { close(d) }",
    "func f(d chan<- int) { close(d) }",
    "func f(d <-chan int) { d <- 1 }",
    "func f() error { return nil }",
    "func f() string { return nil }",
    "type s []int\n\nfunc f(x []int) s { return x }",
    "type s []int\n\ntype t []int\n\nfunc f(x t) s { return x }",
    "func f(x *[4]byte, y []byte) { *x = *(*[4]byte)(y) }",
    "import \"slices\"\n\nfunc f(x []int) []int { return slices.Clone(x) }",
    "import \"sync/atomic\"\n\nvar p atomic.Pointer[int]\n\nfunc f() *int { return p.Load() }",
    "import \"context\"\n\nfunc f() {\n\tvar cancel context.CancelFunc\n\t_, cancel = context.WithCancelCause(context.Background())\n\tcancel()\n}",
    // Calls.
    "func f(len int) int { return len(\"\") }",
    "func close(c chan string) {}\n\nfunc f(c chan int) { close(c) }",
    "func f(c chan int) { defer close(c) }",
    "func f(h []func(int, int), i int) { h[i](1, 2) }",
    // Labels and jumps.
    "func f() {\nl:\n\tfor {\n\t}\n}",
    "func f() {\nl:\n\tfor {\n\t\tbreak l\n\t}\n}",
    "func f(x bool) {\n\tif x {\n\t\tgoto l\n\t}\n\ta := 1\n\t_ = a\nl:\n\treturn\n}",
    "func f(x bool) {\n\tvar a int\n\tif x {\n\t\tgoto l\n\t}\n\t_ = a\nl:\n\treturn\n}",
    "func f() {\n\tgoto l\n\t{\n\tl:\n\t}\n}",
    // Ends.
    "func f(x bool) int {\n\tif x {\n\t\treturn 1\n\t}\n}",
    "func f(x bool) int {\n\tfor {\n\t\tif x {\n\t\t\tbreak\n\t\t}\n\t}\n}",
    "func f(x int) int {\n\tswitch x {\n\tcase 1:\n\t\treturn 1\n\tdefault:\n\t\tpanic(x)\n\t}\n}",
    "func f(c chan int) int {\n\tselect {\n\tcase n := <-c:\n\t\treturn n\n\t}\n}",
    "import \"os\"\n\nfunc f() int { os.Exit(1) }",
    "func g() {}\n\nfunc f() {\n\treturn\n\tg()\n}",
    "func g() {}\n\nfunc f(x bool) {\n\tif x {\n\t\treturn\n\t} else {\n\t\tpanic(1)\n\t}\n\tdefer g()\n}",
    "func g() {}\n\nfunc f(x bool) {\n\tfor {\n\t\tif x {\n\t\t\tbreak\n\t\t}\n\t}\n\tg()\n}",
    // vet's own.
    "import \"context\"\n\nfunc f(x bool) context.Context {\n\tc, cancel := context.WithCancel(context.Background())\n\tif x {\n\t\treturn c\n\t}\n\tcancel()\n\treturn c\n}",
    "import \"context\"\n\nfunc f() context.Context {\n\tc, cancel := context.WithCancel(context.Background())\n\tdefer cancel()\n\treturn c\n}",
    "import \"context\"\n\nfunc f() context.Context {\n\tc, _ := context.WithTimeout(context.Background(), 1)\n\treturn c\n}",
    "import \"net/http\"\n\nfunc f() error {\n\tr, err := http.Get(\"\")\n\tdefer r.Body.Close()\n\treturn err\n}",
    "import \"net/http\"\n\nfunc f() error {\n\tr, err := http.Get(\"\")\n\tif err != nil {\n\t\treturn err\n\t}\n\treturn r.Body.Close()\n}",
];

/// What the checker says of the package `path` below `folder`.
fn said(folder: &Path, path: &str) -> Vec<String> {
    let loader = ModuleLoader::around(folder, folder).unwrap();
    let loaded = loader.load(path).unwrap();
    let mut package = Package::new(loaded.dir, loaded.module, loaded.files);
    package.path = path.into();
    let package = package.within(Arc::new(Program::new(loader)));
    let mut complaints = of_file(&package, FileId(0));
    complaints.extend(package.declarations().flat_map(of_declaration));
    complaints.iter().map(ToString::to_string).collect()
}

#[test]
fn the_checker_and_the_compiler_refuse_the_same() {
    let Some(go) = Go::find() else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("go.mod"),
        "module example.com/said\n\ngo 1.25\n",
    )
    .unwrap();
    for (at, snippet) in SNIPPETS.iter().enumerate() {
        let package = folder.path().join(format!("p{at}"));
        fs::create_dir(&package).unwrap();
        fs::write(package.join("f.go"), format!("package p\n\n{snippet}\n")).unwrap();
    }
    let output = go.command(folder.path(), "vet").arg("./...").output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    let mut wrong = Vec::new();
    let mut refused = 0;
    for (at, snippet) in SNIPPETS.iter().enumerate() {
        let by_go: Vec<&str> = told
            .lines()
            .filter(|line| line.contains(&format!("p{at}/f.go:")))
            .collect();
        let by_us = said(folder.path(), &format!("example.com/said/p{at}"));
        refused += usize::from(!by_go.is_empty());
        if by_go.is_empty() != by_us.is_empty() {
            wrong.push(format!(
                "{snippet}\n    Go:      {by_go:?}\n    checker: {by_us:?}"
            ));
        }
    }
    tell(&format!(
        "the checker: {} packages, Go refuses {refused}, disagreements {}",
        SNIPPETS.len(),
        wrong.len()
    ));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
