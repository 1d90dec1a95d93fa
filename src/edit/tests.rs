//! Edits on small files, and the bytes that they leave.

use super::*;
use crate::go::syntax::{Kind, Node};
use crate::go::{DeclKind, FileId, Package, SourceFile};
use crate::text::{Edit, EditSet};

fn package(source: &str) -> Package {
    Package::new("p", None, vec![SourceFile::new("p/f.go", source.as_bytes())])
}

fn applied(package: &Package, edit: Edit) -> String {
    let edits = EditSet::try_from(vec![edit]).unwrap();
    String::from_utf8(edits.apply(&package.files[0].source)).unwrap()
}

/// The first statement whose text starts with `start`.
fn statement<'a>(package: &'a Package, start: &str) -> Node<'a> {
    let declaration = package
        .declarations()
        .find(|d| d.kind() == DeclKind::Func)
        .unwrap();
    let mut nodes = declaration.tree().root().subtree();
    nodes
        .find(|node| node.text().starts_with(start) && node.statement() == Some(*node))
        .unwrap()
}

#[test]
fn insertions_keep_indentation_line_ends_and_trailing_comments() {
    let unix = package("package p\n\nfunc f() {\n\tif x {\n\t\ta() // why\n\t}\n}\n");
    let edit = insert_after(&unix.files[0], statement(&unix, "a()"), &["defer b()", "\tc()"]).unwrap();
    assert!(applied(&unix, edit).contains("\t\ta() // why\n\t\tdefer b()\n\t\t\tc()\n\t}"));
    let dos = package("package p\r\n\r\nfunc f() {\r\n  a()\r\n}\r\n");
    let edit = insert_after(&dos.files[0], statement(&dos, "a()"), &["if b {", "\tc()", "}"]).unwrap();
    assert!(applied(&dos, edit).contains("  a()\r\n  if b {\r\n    c()\r\n  }\r\n}"));
    let edit = insert_before(&unix.files[0], statement(&unix, "a()"), &["b()"]).unwrap();
    assert!(applied(&unix, edit).contains("\t\tb()\n\t\ta() // why\n"));
}

#[test]
fn indentation_is_that_of_code_and_not_of_comments() {
    let licence = "/*\n * Licence\n */\npackage p\n\nfunc f(\n\ta int,\n\tb int) {\n\ta()\n}\n";
    let licensed = package(licence);
    assert_eq!(indentation_unit(&licensed.files[0]), "\t");
    let mut around = statement(&licensed, "a()").ancestors();
    let block = around.find(|node| node.is(Kind::Block)).unwrap();
    let edit = insert_at_start(&licensed.files[0], block, &["b()"]).unwrap();
    assert!(applied(&licensed, edit).contains("b int) {\n\tb()\n\ta()\n}"));
}

#[test]
fn lines_shared_with_other_code_are_left_to_people() {
    let package = package("package p\n\nfunc f() { a(); b() }\n");
    let first = statement(&package, "a()");
    assert_eq!(insert_after(&package.files[0], first, &["x()"]), None);
    assert_eq!(insert_before(&package.files[0], first, &["x()"]), None);
    assert_eq!(delete_statement(&package.files[0], first), None);
}

#[test]
fn deletions_leave_no_doubled_blank_line_and_keep_other_comments() {
    let source =
        package("package p\n\nfunc f() {\n\ta()\n\n\t// About b.\n\tb() // gone with b\n\n\tc()\n}\n");
    let edit = delete_statement(&source.files[0], statement(&source, "b()")).unwrap();
    assert!(applied(&source, edit).contains("\ta()\n\n\t// About b.\n\n\tc()\n}"));
    let source = package("package p\n\nfunc f() {\n\ta()\n\n\tb()\n\n\tc()\n}\n");
    let edit = delete_statement(&source.files[0], statement(&source, "b()")).unwrap();
    assert!(applied(&source, edit).contains("\ta()\n\n\tc()\n}"));
    let source = package("package p\n\nfunc f() {\n\ta()\n\n\tb()\n}\n");
    let edit = delete_statement(&source.files[0], statement(&source, "b()")).unwrap();
    assert!(applied(&source, edit).contains("\ta()\n}"));
}

#[test]
fn fresh_names_avoid_locals_globals_imports_and_builtins() {
    let package = package(
        "package p\n\nimport \"a/db\"\n\nvar pool int\n\nfunc f(ctx int) { cancel := 1; _ = x.openDB; db.X() }\n",
    );
    let f = package.find_name("f").unwrap();
    let local = |wanted: &[&str]| NewName::local(f, f.tree().root(), wanted).name;
    assert_eq!(local(&["ctx", "cancel", "reqCtx"]), "reqCtx");
    assert_eq!(local(&["len"]), "len2");
    let global = |wanted: &[&str]| fresh_global(&package, &["sharedDB".to_owned()].into(), wanted);
    assert_eq!(global(&["db", "pool"]), "db2");
    assert_eq!(global(&["openDB"]), "openDB");
    assert_eq!(global(&["sharedDB"]), "sharedDB2");
    assert_eq!(callable_package(&package, FileId(0), "b/db"), None);
    assert_eq!(
        callable_package(&package, FileId(0), "a/db").as_deref(),
        Some("db")
    );
    assert_eq!(
        callable_package(&package, FileId(0), "context").as_deref(),
        Some("context")
    );
}
