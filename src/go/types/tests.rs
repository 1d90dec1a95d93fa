//! Types and callees as they stand in small packages.

use super::Type;
use crate::go::syntax::{Kind, Node};
use crate::go::{Callee, Declaration, Package, SourceFile};

fn package(files: &[&str]) -> Package {
    let file = |(at, text): (usize, &&str)| SourceFile::new(format!("p/f{at}.go"), text.as_bytes());
    Package::new("p", None, files.iter().enumerate().map(file).collect())
}

fn called<'a>(declaration: Declaration<'a>, text: &str) -> Node<'a> {
    let mut calls = declaration
        .tree()
        .root()
        .subtree()
        .filter(|node| node.is(Kind::CallExpression));
    calls
        .find(|call| call.text().starts_with(text))
        .unwrap_or_else(|| panic!("no call {text}"))
}

fn callee(package: &Package, function: &str, call: &str) -> String {
    let declaration = package.find_name(function).or_else(|| {
        let (receiver, name) = function.split_once('.')?;
        package.find_method(receiver, name)
    });
    let declaration = declaration.unwrap();
    match declaration.callee(called(declaration, call)) {
        Callee::Package(other) => other.title(),
        Callee::External { path, receiver, name } => {
            let receiver = receiver.map_or(String::new(), |receiver| format!("{receiver}."));
            format!("{path}.{receiver}{name}")
        }
        Callee::Builtin(name) => format!("builtin {name}"),
        Callee::Conversion(_) => "conversion".to_owned(),
        Callee::Literal(_) => "literal".to_owned(),
        Callee::Local(_) => "local".to_owned(),
        Callee::Unknown => "unknown".to_owned(),
    }
}

#[test]
fn methods_are_found_through_fields_results_and_package_variables_of_other_files() {
    let package = package(&[
        "package p\n\nimport (\n\tq \"database/sql\"\n)\n\ntype base struct{ *q.DB }\ntype Store struct {\n\tbase\n\tdb, ro *q.DB\n}\n\nvar pool, err = q.Open(\"x\", \"y\")\n\nfunc newStore() (*Store, error) { return nil, nil }\n",
        "package p\n\nfunc (s *Store) list() {\n\trows, err := s.db.Query(\"\")\n\trows.Next()\n\ts.QueryRow(\"\").Scan()\n\ts.list()\n\t_ = err\n}\n\nfunc top(c interface{ Query(string) string }) {\n\tpool.Begin()\n\tst, _ := newStore()\n\tst.ro.Prepare(\"\")\n\tc.Query(\"\")\n\tfor _, s := range []*Store{st} {\n\t\ts.base.Exec(\"\")\n\t}\n\tfunc() {}()\n\tstring(\"\")\n\tmake(chan int)\n\tf := top\n\tf(nil)\n}\n",
    ]);
    let expected = [
        ("Store.list", "s.db.Query", "database/sql.DB.Query"),
        ("Store.list", "rows.Next", "database/sql.Rows.Next"),
        ("Store.list", "s.QueryRow(\"\").Scan", "database/sql.Row.Scan"),
        ("Store.list", "s.list", "Store.list"),
        ("top", "pool.Begin", "database/sql.DB.Begin"),
        ("top", "newStore", "newStore"),
        ("top", "st.ro.Prepare", "database/sql.DB.Prepare"),
        ("top", "c.Query", "unknown"),
        ("top", "s.base.Exec", "database/sql.DB.Exec"),
        ("top", "func", "literal"),
        ("top", "string", "conversion"),
        ("top", "make", "builtin make"),
        ("top", "f(nil)", "local"),
    ];
    for (function, call, meant) in expected {
        assert_eq!(callee(&package, function, call), meant, "{call} in {function}");
    }
}

#[test]
fn a_shadowed_import_and_a_parameter_named_like_one_are_not_the_package() {
    let package = package(&[
        "package p\n\nimport \"database/sql\"\n\ntype fake struct{}\n\nfunc (fake) Open(a, b string) int { return 0 }\n\nfunc f(sql fake) { sql.Open(\"\", \"\") }\n\nfunc g() { sql.Open(\"\", \"\") }\n",
    ]);
    assert_eq!(callee(&package, "f", "sql.Open"), "fake.Open");
    assert_eq!(callee(&package, "g", "sql.Open"), "database/sql.Open");
}

#[test]
fn channels_aliases_and_assertions() {
    let package = package(&[
        "package p\n\nimport \"net/http\"\n\ntype Resp = http.Response\n\nfunc f(x any, r *Resp) {\n\tch := make(chan *http.Client)\n\tgo func() { (<-ch).Do(nil) }()\n\tselect {\n\tcase c, ok := <-ch:\n\t\tc.Get(\"\")\n\t\tuse(ok)\n\t}\n\tx.(*http.Client).Head(\"\")\n\tr.Body.Close()\n}\n",
    ]);
    for (call, meant) in [
        ("(<-ch).Do", "net/http.Client.Do"),
        ("c.Get", "net/http.Client.Get"),
        ("x.(*http.Client).Head", "net/http.Client.Head"),
        ("r.Body.Close", "io.ReadCloser.Close"),
        ("use", "unknown"),
    ] {
        assert_eq!(callee(&package, "f", call), meant);
    }
}

#[test]
fn cycles_end_as_unknown() {
    let package = package(&[
        "package p\n\nvar a = b\nvar b = a\n\ntype T U\ntype U T\n\nfunc f(t T) { a.g(); t.h() }\n",
    ]);
    assert_eq!(callee(&package, "f", "a.g"), "unknown");
    assert_eq!(callee(&package, "f", "t.h"), "unknown");
    let f = package.find_name("f").unwrap();
    assert_eq!(f.type_of(called(f, "a.g")), Type::Unknown);
}
