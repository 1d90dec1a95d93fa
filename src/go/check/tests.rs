use super::{Fault, clashes, hidden, of_declaration, of_file};
use crate::go::{FileId, Package, SourceFile};

fn package(sources: &[(&str, &str)]) -> Package {
    let files = sources.iter().map(|(name, source)| {
        SourceFile::new(format!("p/{name}"), format!("package p\n\n{source}").as_bytes())
    });
    Package::new("p", None, files.collect())
}

/// What is said of a file with this text, as `fault name`.
fn said(source: &str) -> Vec<String> {
    let package = package(&[("f.go", source)]);
    let broken = package.declarations().find(|at| !at.is_sound());
    assert_eq!(broken, None, "{source}");
    let mut complaints = of_file(&package, FileId(0));
    complaints.extend(package.declarations().flat_map(of_declaration));
    let told = complaints.iter().map(|complaint| {
        let (fault, name, _) = complaint.key();
        format!("{fault:?} {name}").trim_end().to_owned()
    });
    told.collect()
}

/// Texts that compile but for what stands beside them.
const CASES: &[(&str, &[&str])] = &[
    // Declared twice.
    ("func f() { a := 1; var a int; _ = a }", &["Redeclared a"]),
    ("func f(a int) { const a = 1 }", &["Redeclared a"]),
    ("func f(a int) (a error) { return nil }", &["Redeclared a"]),
    ("func f(a int) { { a := 2; _ = a }; if a := 3; a > 0 { } }", &[]),
    ("var v int\nvar v string", &["Redeclared v"]),
    (
        "import x \"os\"\nvar x = 1\nvar _ = x",
        &["UnusedImport x", "Redeclared x"],
    ),
    (
        "func f() { var e error; _ = e.New; _ = e.Error }",
        &["UndefinedMember e.New"],
    ),
    (
        "func init() { }\nfunc init() { }\nvar _, _ = 1, 2\nvar _ = 3",
        &[],
    ),
    (
        "type t int\nfunc (t) m() { }\nfunc (t) m() { }",
        &["Redeclared t.m"],
    ),
    ("type t int\ntype s int\nfunc (t) m() { }\nfunc (s) m() { }", &[]),
    // `:=` without anything new.
    ("func f() { a := 1; a := 2; _ = a }", &["NoNewVariables a"]),
    ("func f(a int) { a := 2; _ = a }", &["NoNewVariables a"]),
    (
        "func g() (int, error)\nfunc f() { _, err := g(); _, err := g(); _ = err }",
        &["NoNewVariables _, err"],
    ),
    ("func f() { _ := 1 }", &["NoNewVariables _"]),
    ("func f() { a, b := 1, 2; a, c := 2, 3; _, _, _ = a, b, c }", &[]),
    // Declared for nothing.
    ("func f() { a := 1 }", &["Unused a"]),
    ("func f() { a := 1; a = 2 }", &["Unused a"]),
    (
        "func f(x bool) { if x { a := 1 }; a := 2; g := func() { b := a }; g() }",
        &["Unused a", "Unused b"],
    ),
    ("func f() { var a int; func() { a = 1 }() }", &["Unused a"]),
    (
        "func f(x any) { switch y := x.(type) { case int: } }",
        &["Unused y"],
    ),
    (
        "type t struct{ a int }\nfunc f() { a := 1; _ = t{a: 2} }",
        &["Unused a"],
    ),
    ("func f() { a := 1; _ = map[int]int{a: 2} }", &[]),
    (
        "func f() { a := 1; a++; b := 1; b += 2; c := 3; _ = &c; const d = 1 }",
        &[],
    ),
    // Imports.
    ("import \"os\"", &["UnusedImport os"]),
    ("import \"math/rand/v2\"\nvar x = rand.Int()", &[]),
    ("import _ \"os\"\nimport \"example.com/who/knows\"", &[]),
    (
        "import \"os\"\nfunc f(os interface{ Exit(int) }) { os.Exit(1) }",
        &["UnusedImport os"],
    ),
    // Names that nothing declares.
    ("func f() { g() }", &["Undefined g"]),
    ("var x = os.Args", &["Undefined os"]),
    ("func f() { if a := 1; a > 0 { }; _ = a }", &["Undefined a"]),
    ("type t struct{ next *t; m map[string]u }", &["Undefined u"]),
    ("import . \"fmt\"\nfunc f() { Println() }", &[]),
    ("import \"example.com/go-some\"\nfunc f() { thing.Do() }", &[]),
    (
        "func f[T any](x T) (y []T) { var z T; return append(y, x, z) }",
        &[],
    ),
    (
        "type l[T any] struct{ v T }\nfunc (l *l[E]) get() E { return l.v }",
        &[],
    ),
    // What is behind a dot.
    (
        "type r interface{ Read() }\nfunc f(x r) { x.Read(); x.Close() }",
        &["UndefinedMember x.Close"],
    ),
    (
        "type t struct{ a int }\nfunc f(x *t) { x.a = 1; x.b = 2 }",
        &["UndefinedMember x.b"],
    ),
    (
        "type t struct{ a int }\nvar x = t{a: 1, b: 2}",
        &["UndefinedMember b"],
    ),
    (
        "type b struct{ a int }\ntype t struct{ *b }\nfunc f(x t) { x.a = 1 }",
        &[],
    ),
    (
        "import \"example.com/e\"\ntype t struct{ e.T }\nfunc f(x t) { x.Any() }",
        &[],
    ),
    ("func f(e error) string { return e.Error() }", &[]),
    // How many values.
    (
        "func g() int\nfunc f() { a, b := g(); _, _ = a, b }",
        &["CountMismatch a, b"],
    ),
    ("func g()\nfunc f() { a := g(); _ = a }", &["CountMismatch a"]),
    (
        "func g() (int, int)\nfunc f() int { return g() }",
        &["CountMismatch return g()"],
    ),
    ("func f() (int, error) { return }", &["CountMismatch return"]),
    ("func f() (n int, e error) { return }", &[]),
    ("func g() (int, error)\nfunc f() (int, error) { return g() }", &[]),
    (
        "func f(m map[int]int, c chan int, x any) { a, b := m[1]; d, e := <-c; g, h := x.(int); _, _, _, _, _, _ = a, b, d, e, g, h }",
        &[],
    ),
    (
        "func g(a int, b ...string)\nfunc f(s []string) { g(); g(1); g(1, s...); g(1, \"\", \"\") }",
        &["CountMismatch g"],
    ),
    (
        "func g() (int, string)\nfunc h(a int, b string)\nfunc f() { h(g()); h(1) }",
        &["CountMismatch h"],
    ),
    // Of which type.
    ("func f() { a := 1; a = \"x\"; _ = a }", &["NotAssignable \"x\""]),
    (
        "type t struct{ }\nfunc f() error { return t{} }",
        &["NotAssignable t{}"],
    ),
    (
        "type t struct{ }\nfunc (t) Error() string { return \"\" }\nfunc f() error { return t{} }",
        &[],
    ),
    ("func f(c chan string) { c <- 1 }", &["NotAssignable 1"]),
    ("func f(c <-chan int) { c <- 1 }", &["NotAssignable c"]),
    ("func f(c <-chan int) { close(c) }", &["NotAssignable c"]),
    (
        "func g(s []byte)\nfunc f(s string) { g([]byte(s)); g(s) }",
        &["NotAssignable s"],
    ),
    (
        "type s []int\nfunc g(x s)\nfunc f(x []int, c chan int) { g(x); var d <-chan int = c; _ = d; var e error = nil; _ = e }",
        &[],
    ),
    ("func f() { var x int = nil; _ = x }", &["NotAssignable nil"]),
    (
        "type a int\ntype b int\nfunc f(x a) b { return x }",
        &["NotAssignable x"],
    ),
    ("type a = int\ntype b = a\nfunc f(x a) b { return x }", &[]),
    ("func f(p *[2]int, q []int) { *(*[2]int)(q) = *p }", &[]),
    ("func g[T any](a T, b []T) T\nfunc f() { _ = g(1, nil) }", &[]),
    // What is no call.
    ("func f(len int) int { return len(nil) }", &["NotCallable len"]),
    ("func f(h []func(int, int), g int) { h[g](1, 2) }", &[]),
    // Labels.
    ("func f() { l: for { } }", &["UnusedLabel l"]),
    (
        "func f() { goto l; a := 1; _ = a; l: return }",
        &["JumpOverDeclaration l", "Unreachable a := 1"],
    ),
    (
        "func f() { goto l; { l: return } }",
        &["JumpIntoBlock l", "Unreachable { l: return }"],
    ),
    ("func f() { for { break l } }", &["UndefinedLabel l"]),
    (
        "func f() { l: for { if true { continue l }; goto m }; m: return }",
        &[],
    ),
    // How functions end.
    ("func f() int { }", &["MissingReturn"]),
    ("func f(x bool) int { if x { return 1 } }", &["MissingReturn"]),
    ("func f() int { for { break } }", &["MissingReturn"]),
    (
        "func f(x int) int { switch x { case 1: fallthrough; default: panic(x) } }",
        &[],
    ),
    ("func f(x bool) int { if x { return 1 } else { for { } } }", &[]),
    ("func f(c chan int) int { select { case <-c: return 1 } }", &[]),
    ("func f() { g := func() int { }; _ = g }", &["MissingReturn"]),
    ("func g()\nfunc f() { return; g() }", &["Unreachable g()"]),
    (
        "func g()\nfunc f() { panic(1); defer g() }",
        &["Unreachable defer g()"],
    ),
    ("func g()\nfunc f() { for { }; g() }", &["Unreachable g()"]),
    ("func g()\nfunc f(x bool) { for { if x { break } }; g() }", &[]),
    // vet's own.
    (
        "import \"context\"\nfunc f(c context.Context, x bool) { d, cancel := context.WithCancel(c); if x { return }; cancel(); _ = d }",
        &["LostCancel cancel"],
    ),
    (
        "import \"context\"\nfunc f(c context.Context) { d, _ := context.WithCancel(c); _ = d }",
        &["LostCancel _"],
    ),
    (
        "import \"context\"\nfunc f(c context.Context, x bool) { d, cancel := context.WithCancel(c); defer cancel(); if x { return }; _ = d }",
        &[],
    ),
    (
        "import \"net/http\"\nfunc f() { r, err := http.Get(\"\"); defer r.Body.Close(); _ = err }",
        &["UncheckedResponse r"],
    ),
    (
        "import \"net/http\"\nfunc f() { r, err := http.Get(\"\"); if err != nil { return }; defer r.Body.Close() }",
        &[],
    ),
];

#[test]
fn what_is_wrong_is_said_and_nothing_else() {
    let wrong: Vec<String> = CASES
        .iter()
        .filter_map(|(source, expected)| {
            let said = said(source);
            (said != *expected).then(|| format!("{source}\n  expected {expected:?}\n  said     {said:?}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_predeclared_function_that_something_hides_is_told_by_its_arguments() {
    let told = |source: &str| {
        let package = package(&[("f.go", source)]);
        let found: Vec<String> = package
            .declarations()
            .flat_map(hidden)
            .map(|complaint| complaint.key().1.to_owned())
            .collect();
        found
    };
    assert_eq!(
        told("func close(c chan int) { }\nfunc f(c chan int) { close(c) }"),
        ["close"]
    );
    assert_eq!(
        told("func f(c chan int, close func(any)) { close(c) }"),
        ["close"]
    );
    assert!(told("func f(c chan int) { close(c) }").is_empty());
    assert!(told("func f(close func()) { close() }").is_empty());
}

#[test]
fn a_new_name_clashes_with_those_of_files_for_other_machines() {
    let other = ("other_plan9.go", "func client() { }");
    let before = package(&[("f.go", "func f() { }"), other]);
    let after = package(&[("f.go", "func client() { }"), other]);
    assert_eq!(clashes(&before, &after, FileId(0)).len(), 1);
    assert!(clashes(&after, &after, FileId(0)).is_empty());
    assert!(of_file(&after, FileId(0)).is_empty(), "no machine compiles both");
}

#[test]
fn files_for_other_machines_are_judged_by_what_they_say_themselves() {
    let source = "func f() { undefined(); a := 1 }";
    let package = package(&[("f_plan9.go", source)]);
    let faults: Vec<Fault> = package
        .declarations()
        .flat_map(of_declaration)
        .map(|complaint| complaint.fault)
        .collect();
    assert_eq!(faults, [Fault::Unused]);
}
