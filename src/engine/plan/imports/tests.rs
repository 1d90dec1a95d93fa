use super::*;
use crate::go::FileId;

fn settled(source: &str, edited: &str, needs: &[ImportNeed]) -> String {
    let before = SourceFile::new("p/f.go", source.as_bytes());
    let module = Module {
        path: "app/svc".to_owned(),
        ..Module::default()
    };
    let out = settle(&before, edited.as_bytes().to_vec(), needs.iter(), Some(&module));
    String::from_utf8(out).unwrap()
}

/// Adds `path` to a file with `imports` between package clause and code.
#[track_caller]
fn adds(path: &str, imports: &str, expected: &str) {
    let file = |imports: &str| format!("package p\n{imports}\nfunc f() {{}}\n");
    let need = [ImportNeed::Add(FileId(0), path.to_owned())];
    let source = file(imports);
    assert_eq!(settled(&source, &source, &need), file(expected));
    let again = file(expected);
    assert_eq!(settled(&again, &again, &need), again, "adding twice adds once");
    let crlf = |text: &str| text.replace('\n', "\r\n");
    assert_eq!(
        settled(&crlf(&source), &crlf(&source), &need),
        crlf(&again),
        "with CRLF"
    );
}

/// Drops `time`, whose one use the edit removed.
#[track_caller]
fn drops(imports: &str, expected: &str) {
    let file = |imports: &str, body: &str| format!("package p\n{imports}\nfunc f() {{{body}}}\n");
    let need = [ImportNeed::DropIfUnused(FileId(0), "time".to_owned())];
    let source = file(imports, " time.Now() ");
    assert_eq!(settled(&source, &source, &need), source, "a used import stays");
    assert_eq!(settled(&source, &file(imports, ""), &need), file(expected, ""));
}

#[test]
fn a_dot_import_goes_with_the_last_of_its_names() {
    let file = |body: &str| format!("package p\n\nimport . \"time\"\n\nfunc f() {{{body}}}\n");
    let names = vec!["Now".to_owned(), "Duration".to_owned()];
    let need = [ImportNeed::DropDotIfUnused(FileId(0), "time".to_owned(), names)];
    let source = file(" Now() ");
    for used in [" Now() ", " var d Duration; _ = d "] {
        assert_eq!(settled(&source, &file(used), &need), file(used));
    }
    let without = "package p\n\nfunc f() {}\n";
    assert_eq!(settled(&source, &file(""), &need), without);
}

#[test]
fn std_paths_go_in_order_among_their_kin() {
    let block = "\nimport (\n\t\"fmt\"\n\t\"time\"\n\n\t\"github.com/a/b\"\n)\n";
    adds(
        "sync",
        block,
        "\nimport (\n\t\"fmt\"\n\t\"sync\"\n\t\"time\"\n\n\t\"github.com/a/b\"\n)\n",
    );
    adds(
        "context",
        block,
        "\nimport (\n\t\"context\"\n\t\"fmt\"\n\t\"time\"\n\n\t\"github.com/a/b\"\n)\n",
    );
    adds(
        "unsafe",
        block,
        "\nimport (\n\t\"fmt\"\n\t\"time\"\n\t\"unsafe\"\n\n\t\"github.com/a/b\"\n)\n",
    );
}

#[test]
fn third_party_paths_go_where_their_relatives_are() {
    let block = "\nimport (\n\t\"fmt\"\n\n\t\"app/svc/x\"\n\n\t\"github.com/a/b\"\n\t\"github.com/z/y\"\n)\n";
    let expected = "\nimport (\n\t\"fmt\"\n\n\t\"app/svc/x\"\n\n\t\"github.com/a/b\"\n\t\"github.com/c/d\"\n\t\"github.com/z/y\"\n)\n";
    adds("github.com/c/d", block, expected);
    let own = "\nimport (\n\t\"fmt\"\n\n\t\"app/svc/w\"\n\t\"app/svc/x\"\n\n\t\"github.com/a/b\"\n\t\"github.com/z/y\"\n)\n";
    adds("app/svc/w", block, own);
}

#[test]
fn a_group_that_is_missing_is_opened() {
    adds(
        "sync",
        "\nimport (\n\t// Web.\n\t\"github.com/a/b\"\n)\n",
        "\nimport (\n\t\"sync\"\n\n\t// Web.\n\t\"github.com/a/b\"\n)\n",
    );
    adds(
        "github.com/a/b",
        "\nimport (\n\t\"fmt\"\n\t\"sync\" // once\n)\n",
        "\nimport (\n\t\"fmt\"\n\t\"sync\" // once\n\n\t\"github.com/a/b\"\n)\n",
    );
    adds("sync", "\nimport ()\n", "\nimport (\n\t\"sync\"\n)\n");
}

#[test]
fn a_single_import_becomes_a_block() {
    adds(
        "sync",
        "\nimport \"fmt\"\n",
        "\nimport (\n\t\"fmt\"\n\t\"sync\"\n)\n",
    );
    adds(
        "fmt",
        "\nimport \"sync\" // once\n",
        "\nimport (\n\t\"fmt\"\n\t\"sync\" // once\n)\n",
    );
    adds(
        "sync",
        "\nimport x \"a.b/c\"\n",
        "\nimport (\n\t\"sync\"\n\n\tx \"a.b/c\"\n)\n",
    );
    adds(
        "a.b/c",
        "\nimport \"fmt\"\n",
        "\nimport (\n\t\"fmt\"\n\n\t\"a.b/c\"\n)\n",
    );
}

#[test]
fn a_comment_keeps_speaking_of_its_own_import() {
    adds(
        "sync",
        "\n// fmt prints.\nimport \"fmt\"\n",
        "\n// fmt prints.\nimport \"fmt\"\nimport \"sync\"\n",
    );
    adds(
        "fmt",
        "\nimport (\n\t// sync is for the pool.\n\t\"sync\"\n)\n",
        "\nimport (\n\t\"fmt\"\n\t// sync is for the pool.\n\t\"sync\"\n)\n",
    );
}

#[test]
fn several_import_lines_get_one_more() {
    adds(
        "sync",
        "\nimport \"fmt\"\nimport \"time\"\n",
        "\nimport \"fmt\"\nimport \"sync\"\nimport \"time\"\n",
    );
}

#[test]
fn a_file_without_imports_gets_its_first() {
    adds("sync", "", "\nimport \"sync\"\n");
    let cgo = "\n// #include <a.h>\nimport \"C\"\n";
    adds(
        "sync",
        cgo,
        "\n// #include <a.h>\nimport \"C\"\n\nimport \"sync\"\n",
    );
}

#[test]
fn crowded_lines_stay_go() {
    adds(
        "sync",
        "\nimport (\"fmt\"; \"time\")\n",
        "\nimport (\"fmt\"; \"sync\"; \"time\")\n",
    );
    adds(
        "zz",
        "\nimport (\"fmt\"; \"time\")\n",
        "\nimport (\"fmt\"; \"time\"; \"zz\")\n",
    );
    let need = [ImportNeed::Add(FileId(0), "sync".to_owned())];
    let source = "package p; func f() {}\n";
    assert_eq!(
        settled(source, source, &need),
        "package p; import \"sync\"; func f() {}\n"
    );
}

#[test]
fn blank_and_dot_imports_give_no_name() {
    adds(
        "sync",
        "\nimport (\n\t_ \"sync\"\n)\n",
        "\nimport (\n\t\"sync\"\n\t_ \"sync\"\n)\n",
    );
    adds("sync", "\nimport s \"sync\"\n", "\nimport s \"sync\"\n");
}

#[test]
fn the_last_use_takes_the_import_with_it() {
    drops(
        "\nimport (\n\t\"fmt\"\n\t\"time\" // clock\n)\n",
        "\nimport (\n\t\"fmt\"\n)\n",
    );
    drops(
        "\nimport (\n\t\"fmt\"\n\n\t\"time\"\n)\n",
        "\nimport (\n\t\"fmt\"\n)\n",
    );
    drops(
        "\nimport (\n\t\"time\"\n\n\t\"a.b/c\"\n)\n",
        "\nimport (\n\t\"a.b/c\"\n)\n",
    );
    drops(
        "\nimport (\n\t\"fmt\"\n\n\t// clock\n\t\"time\"\n\n\t\"a.b/c\"\n)\n",
        "\nimport (\n\t\"fmt\"\n\n\t\"a.b/c\"\n)\n",
    );
    drops("\nimport (\"fmt\"; \"time\")\n", "\nimport (\"fmt\")\n");
    drops("\nimport (\"time\"; \"zz\")\n", "\nimport (\"zz\")\n");
}

#[test]
fn comments_of_others_stay() {
    drops(
        "\nimport (\n\t// std\n\t\"time\"\n\t\"zz\"\n)\n",
        "\nimport (\n\t// std\n\t\"zz\"\n)\n",
    );
    drops(
        "\nimport (\n\t// Nothing else, please.\n\n\t\"time\"\n)\n",
        "\nimport (\n\t// Nothing else, please.\n)\n",
    );
}

#[test]
fn an_empty_block_goes_whole() {
    drops("\nimport (\n\t\"time\"\n)\n", "");
    drops("\nimport \"time\"\n", "");
    drops("\nimport \"fmt\"\nimport \"time\"\n", "\nimport \"fmt\"\n");
    drops("\nimport (\"time\")\n", "");
}

#[test]
fn only_what_names_the_package_uses_it() {
    let need = [ImportNeed::DropIfUnused(FileId(0), "time".to_owned())];
    let file = |body: &str| format!("package p\n\nimport \"time\"\n\n{body}\n");
    let before = file("func f() { time.Now() }");
    for body in [
        "func f(time T) { time.Now() }",
        "// time.Now()\nvar s = \"time.Now()\"",
        "func f() { x.time.Now() }",
        "var t = T{time: 1}",
    ] {
        assert!(!settled(&before, &file(body), &need).contains("import"), "{body}");
    }
    for body in [
        "func f(d time.Duration) {}",
        "var d time.Duration",
        "func f() { { time := 1; _ = time }; time.Now() }",
        "type T struct{ *time.Timer }",
        "var f = g[time.Time]()",
        "func f() { time. }",
    ] {
        assert!(settled(&before, &file(body), &need).contains("import"), "{body}");
    }
}

#[test]
fn an_import_known_by_another_name_stays() {
    let source = "package p\n\nimport \"a.b/go-odd\"\n\nfunc f() { strange.F() }\n";
    let edited = "package p\n\nimport \"a.b/go-odd\"\n\nfunc f() {}\n";
    let need = [ImportNeed::DropIfUnused(FileId(0), "a.b/go-odd".to_owned())];
    assert_eq!(settled(source, edited, &need), edited);
}
