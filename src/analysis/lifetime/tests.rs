//! What is lost where, in small functions. Each case is one function body; `q` is a `*sql.DB`.

use super::super::{Acquirers, Resource};
use super::*;
use crate::facts::Key;
use crate::go::cfg::Exit;
use crate::go::{Package, SourceFile};

fn table() -> Vec<Resource> {
    let row = |package: &str, acquire: &[&str], release: &[&str]| Resource {
        package: package.to_owned(),
        acquire: acquire.iter().filter_map(|name| Key::parse(name)).collect(),
        release: release.iter().map(|name| (*name).to_owned()).collect(),
        error: Some(1),
        ..Resource::default()
    };
    let mut rows = row("database/sql", &["(*DB).Query"], &["Close"]);
    rows.drained_by = vec!["Next".to_owned()];
    let mut response = row("net/http", &["Get", "(*Client).Do"], &["Close"]);
    response.part = Some("Body".to_owned());
    response.empty = Some(crate::analysis::Empty {
        field: "StatusCode".to_owned(),
        values: vec!["204".to_owned(), "StatusNoContent".to_owned()],
    });
    let tx = row("database/sql", &["(*DB).Begin"], &["Rollback", "Commit"]);
    vec![rows, response, tx, row("os", &["Open", "Create"], &["Close"])]
}

const HEADER: &str = "package p\n\nimport (\n\t\"bufio\"\n\t\"database/sql\"\n\t\"encoding/json\"\n\t\"errors\"\n\t\"io\"\n\t\"net/http\"\n\t\"os\"\n\n\t\"example.com/other\"\n\t\"github.com/gofiber/fiber/v2\"\n)\n\nvar kept *os.File\n\n";

/// What the functions of `code` lose: the first line of each place, with a `?` where it is not certain.
fn lost_in(code: &str) -> Vec<String> {
    let file = SourceFile::new("p/f.go", format!("{HEADER}{code}\n").into_bytes());
    let package = Package::new("p", None, vec![file]);
    let table = table();
    let acquirers = Acquirers::new(&table);
    let mut found = Vec::new();
    for declaration in package.declarations() {
        assert!(declaration.is_sound(), "{code}");
        for acquisition in acquirers.collect(declaration) {
            let lifetime = Lifetime::of(&acquisition);
            for loss in lifetime.into_iter().flat_map(|lifetime| lifetime.losses) {
                let place = match loss.how {
                    Lost::Exit(Exit::FallOff(_)) => "end",
                    Lost::End(_) => "turn",
                    how => how.node().text().lines().next().unwrap_or(""),
                };
                let doubt = if loss.certain { "" } else { "?" };
                found.push(format!("{place}{doubt}"));
            }
        }
    }
    found
}

/// What one function with this body loses.
fn lost(body: &str) -> Vec<String> {
    lost_in(&format!(
        "func f(c *fiber.Ctx, q *sql.DB, client *http.Client) error {{\n{body}\n}}"
    ))
}

const NOTHING: [&str; 0] = [];
const ROWS: &str = "rows, err := q.Query(\"\")\nif err != nil {\nreturn err\n}\n";
const FILE: &str = "f, err := os.Open(\"\")\nif err != nil {\nreturn err\n}\n";
const RESPONSE: &str = "resp, err := http.Get(\"\")\nif err != nil {\nreturn err\n}\n";

fn after(start: &str, rest: &str) -> Vec<String> {
    lost(&format!("{start}{rest}"))
}

#[test]
fn a_failed_acquisition_is_no_leak_and_every_other_exit_is() {
    assert_eq!(after(FILE, "return nil"), ["return nil"]);
    assert_eq!(
        after(
            FILE,
            "if x() {\nreturn errors.New(\"\")\n}\nf.Close()\nreturn nil"
        ),
        ["return errors.New(\"\")"]
    );
    assert_eq!(
        lost("f, err := os.Open(\"\")\nif err == nil {\nf.Close()\n}\nreturn err"),
        NOTHING
    );
    assert_eq!(
        lost(
            "f, err := os.Open(\"\")\nif errors.Is(err, os.ErrNotExist) {\nreturn nil\n}\nif err != nil {\nreturn err\n}\ndefer f.Close()\nreturn nil"
        ),
        NOTHING
    );
    assert_eq!(
        lost(
            "f, err := os.Open(\"\")\nswitch {\ncase os.IsNotExist(err):\nreturn nil\ncase err != nil:\nreturn err\n}\nf.Close()\nreturn nil"
        ),
        NOTHING
    );
    assert_eq!(
        lost(
            "f, err := os.Open(\"\")\nswitch err {\ncase nil:\nf.Close()\ncase io.EOF:\nreturn err\n}\nreturn nil"
        ),
        NOTHING
    );
}

#[test]
fn an_error_that_got_another_value_says_nothing() {
    let body = "err = g()\nif err != nil {\nreturn err\n}\nf.Close()\nreturn nil";
    assert_eq!(after(FILE, body), ["return err"]);
    let shadowed = "if err := g(); err != nil {\nreturn err\n}\nf.Close()\nreturn nil";
    assert_eq!(after(FILE, shadowed), ["return err"]);
}

#[test]
fn a_status_check_before_the_release_leaks() {
    let body =
        "if resp.StatusCode != 200 {\nreturn errors.New(\"status\")\n}\ndefer resp.Body.Close()\nreturn nil";
    assert_eq!(after(RESPONSE, body), ["return errors.New(\"status\")"]);
    let both = "resp, err := client.Do(nil)\nif err != nil || resp.StatusCode != 200 {\nreturn err\n}\nresp.Body.Close()\nreturn nil";
    assert_eq!(lost(both), ["return err"]);
    let empty =
        "if resp.StatusCode == http.StatusNoContent {\nreturn nil\n}\ndefer resp.Body.Close()\nreturn nil";
    assert_eq!(after(RESPONSE, empty), NOTHING);
}

#[test]
fn releases_in_every_form_are_seen() {
    for release in [
        "defer f.Close()",
        "defer func() { _ = f.Close() }()",
        "defer func() {\nif e := f.Close(); e != nil {\nprintln(e)\n}\n}()",
        "defer func(f *os.File) { f.Close() }(f)",
        "defer other.Quietly(f.Close)",
        "defer other.CloseBody(f)",
        "defer closeFile(f)",
        "g := f\ndefer g.Close()",
        "var r io.ReadCloser = f\ndefer r.Close()",
        "done := func() { f.Close() }\ndefer done()",
        "(f).Close()",
        "if err := f.Close(); err != nil {\nreturn err\n}",
        "return f.Close()",
        "func() { f.Close() }()",
        "f.(io.Closer).Close()",
    ] {
        let code = format!(
            "func closeFile(f io.Closer) {{ quietly(f) }}\nfunc quietly(f io.Closer) {{ _ = f.Close() }}\nfunc f() error {{\n{FILE}{release}\nreturn nil\n}}"
        );
        assert_eq!(lost_in(&code), NOTHING, "{release}");
    }
}

#[test]
fn guards_are_understood() {
    let guarded = "resp, err := client.Do(nil)\nif resp != nil && resp.Body != nil {\ndefer resp.Body.Close()\n}\nreturn err";
    assert_eq!(lost(guarded), NOTHING);
    let deferred = "resp, err := client.Do(nil)\ndefer func() {\nif resp != nil {\nresp.Body.Close()\n}\n}()\nreturn err";
    assert_eq!(lost(deferred), NOTHING);
    let body = "body := resp.Body\ndefer body.Close()\nreturn nil";
    assert_eq!(after(RESPONSE, body), NOTHING);
}

#[test]
fn rows_read_to_the_end_close_themselves() {
    assert_eq!(
        after(ROWS, "for rows.Next() {\nx()\n}\nreturn rows.Err()"),
        NOTHING
    );
    let early = "for rows.Next() {\nif err := rows.Scan(); err != nil {\nreturn err\n}\n}\nreturn rows.Err()";
    assert_eq!(after(ROWS, early), ["return err"]);
    assert_eq!(
        after(ROWS, "if rows.Next() {\nrows.Scan()\n}\nreturn nil"),
        ["return nil"]
    );
}

#[test]
fn transactions_end_by_either_method() {
    let tx = "tx, err := q.Begin()\nif err != nil {\nreturn err\n}\n";
    assert_eq!(
        after(tx, "if x() {\ntx.Rollback()\nreturn nil\n}\nreturn tx.Commit()"),
        NOTHING
    );
    assert_eq!(
        after(tx, "if x() {\nreturn nil\n}\nreturn tx.Commit()"),
        ["return nil"]
    );
    assert_eq!(
        after(
            tx,
            "defer func() {\nif err != nil {\ntx.Rollback()\n}\n}()\nreturn tx.Commit()"
        ),
        NOTHING
    );
}

#[test]
fn escapes_are_no_leaks() {
    for escape in [
        "kept = f",
        "s.file = f",
        "files[0] = f",
        "files = append(files, f)",
        "ch <- f",
        "_ = holder{f}",
        "_ = map[string]any{\"f\": f}",
        "go func() { io.ReadAll(f) }()",
        "go f.Sync()",
        "go io.Copy(f, nil)",
        "return c.SendStream(f)",
        "c.Locals(\"f\", f)",
        "c.Context().SetBodyStreamWriter(func(w *bufio.Writer) { io.Copy(w, f) })",
        "store(f)",
    ] {
        let code = format!(
            "func store(f *os.File) {{ kept = f }}\nfunc f(c *fiber.Ctx, s *server, ch chan any) error {{\nvar files []any\n{FILE}{escape}\nreturn nil\n}}"
        );
        assert_eq!(lost_in(&code), NOTHING, "{escape}");
    }
}

#[test]
fn working_with_it_is_no_escape() {
    for work in [
        "data, _ := io.ReadAll(f)\nuse(data)",
        "bufio.NewScanner(f).Scan()",
        "s := bufio.NewScanner(f)\nfor s.Scan() {\nuse(s.Text())\n}",
        "read(f)",
        "limit(f).Read(nil)",
        "func() { f.Sync() }()",
        "_ = f",
        "x := f.Name()\nuse(x)",
    ] {
        let code = format!(
            "func read(r io.Reader) {{ io.Copy(io.Discard, limit(r)) }}\nfunc limit(r io.Reader) io.Reader {{ return io.LimitReader(r, 1) }}\nfunc f() error {{\n{FILE}{work}\nreturn nil\n}}"
        );
        assert_eq!(lost_in(&code), ["return nil"], "{work}");
    }
    let decoded = "var v any\nreturn json.NewDecoder(resp.Body).Decode(&v)";
    assert_eq!(
        after(RESPONSE, decoded),
        ["return json.NewDecoder(resp.Body).Decode(&v)"]
    );
}

#[test]
fn what_comes_out_of_it_may_not_outlive_it() {
    let tx = "tx, err := q.Begin()\nif err != nil {\nreturn nil, err\n}\n";
    let lost = |rest: &str| lost_in(&format!("func f(q *sql.DB) (any, error) {{\n{tx}{rest}\n}}"));
    assert_eq!(lost("return tx.Query(\"\")"), NOTHING);
    assert_eq!(lost("rows, err := tx.Query(\"\")\nreturn rows, err"), NOTHING);
    assert_eq!(
        lost("_, err = tx.Exec(\"\")\nreturn nil, err"),
        ["return nil, err"]
    );
    assert_eq!(
        lost("var n int\nerr = tx.QueryRow(\"\").Scan(&n)\nreturn n, err"),
        ["return n, err"]
    );
}

#[test]
fn what_cannot_be_seen_is_uncertain_unless_the_function_closes_afterwards() {
    assert_eq!(after(FILE, "other.Load(f)\nreturn nil"), ["return nil?"]);
    let owned = "if err := other.Load(f); err != nil {\nreturn err\n}\nf.Close()\nreturn nil";
    assert_eq!(after(FILE, owned), ["return err"]);
    let asked = "f, err := os.Open(\"\")\nif other.Failed(err) {\nreturn nil\n}\nf.Sync()\nreturn nil";
    assert_eq!(lost(asked), ["return nil?", "return nil"]);
}

#[test]
fn a_loop_that_acquires_again_loses_the_last_one() {
    let body = "for i := 0; i < 3; i++ {\nf, err := os.Open(\"\")\nif err != nil {\ncontinue\n}\nf.Sync()\n}\nreturn nil";
    assert_eq!(lost(body), ["turn"]);
    let retry = "var resp *http.Response\nvar err error\nfor i := 0; i < 3; i++ {\nresp, err = client.Do(nil)\nif err == nil {\nbreak\n}\n}\nif err != nil {\nreturn err\n}\ndefer resp.Body.Close()\nreturn nil";
    assert_eq!(lost(retry), NOTHING);
}

#[test]
fn functions_that_pass_on_what_they_acquire_make_their_callers_owners() {
    let code = "func open() (*os.File, error) {\nf, err := os.Open(\"\")\nif err != nil {\nreturn nil, err\n}\nreturn f, nil\n}\nfunc again() (*os.File, error) { return open() }\nfunc f() error {\nf, err := again()\nif err != nil {\nreturn err\n}\nf.Sync()\nreturn nil\n}";
    assert_eq!(lost_in(code), ["return nil"]);
    let cached = "func open() (*os.File, error) {\nif kept != nil {\nreturn kept, nil\n}\nreturn os.Open(\"\")\n}\nfunc f() error {\nf, err := open()\nif err != nil {\nreturn err\n}\nf.Sync()\nreturn nil\n}";
    assert_eq!(lost_in(cached), NOTHING);
}

#[test]
fn who_gets_something_released_owns_nothing() {
    let read = "func read() (*http.Response, error) {\nresp, err := http.Get(\"\")\nif err != nil {\nreturn resp, err\n}\nresp.Body.Close()\nreturn resp, nil\n}";
    let code = format!("{read}\nfunc f() error {{\nresp, err := read()\n_ = resp\nreturn err\n}}");
    assert_eq!(lost_in(&code), NOTHING);
}

#[test]
fn what_main_leaves_open_ends_with_the_process() {
    assert_eq!(
        lost_in("func main() {\nf, _ := os.Open(\"\")\nf.Sync()\n}"),
        NOTHING
    );
    assert_eq!(
        lost_in("func main() {\nfor {\nf, _ := os.Open(\"\")\nf.Sync()\n}\n}"),
        ["turn"]
    );
}

#[test]
fn recursion_ends() {
    let code = "func walk(f *os.File, n int) { walk(f, n-1) }\nfunc f() error {\nf, err := os.Open(\"\")\nif err != nil {\nreturn err\n}\nwalk(f, 1)\nreturn nil\n}";
    assert_eq!(lost_in(code), ["return nil?"]);
    assert_eq!(
        lost_in(
            "func a() (*os.File, error) { return b() }\nfunc b() (*os.File, error) { return a() }\nfunc f() { a() }"
        ),
        NOTHING
    );
}

#[test]
fn a_helper_releases_where_all_its_paths_do() {
    let helper = |body: &str| {
        let caller = "func f(q *sql.DB) error {\nrows, err := q.Query(\"\")\nif err != nil {\nreturn err\n}\nread(rows, err)\nreturn nil\n}";
        lost_in(&format!(
            "{caller}\n\nfunc read(rows *sql.Rows, err error) {{\n{body}\n}}"
        ))
    };
    for body in [
        "defer rows.Close()",
        "if rows != nil {\nrows.Close()\n}",
        "if err != nil {\nreturn\n}\nrows.Close()",
        "if x() {\nrows.Close()\nreturn\n}\nrows.Close()",
        "if x() {\npanic(1)\n}\nrows.Close()",
    ] {
        assert_eq!(helper(body), NOTHING, "{body}");
    }
    for body in [
        "if x() {\nrows.Close()\n}",
        "if x() {\nreturn\n}\ndefer rows.Close()",
    ] {
        assert_eq!(helper(body), ["return nil?"], "{body}");
    }
    assert_eq!(helper("rows.Columns()"), ["return nil"]);
}

#[test]
fn a_deferred_helper_knows_how_it_went() {
    let code = "func f(q *sql.DB) (err error) {\ntx, err := q.Begin()\nif err != nil {\nreturn err\n}\ndefer undo(tx, &err)\nif err := x(); err != nil {\nreturn err\n}\nreturn tx.Commit()\n}\n\nfunc undo(tx *sql.Tx, err *error) {\nif *err != nil {\ntx.Rollback()\n}\n}";
    assert_eq!(lost_in(code), NOTHING);
}

#[test]
fn helpers_that_call_each_other_come_to_an_end() {
    let with = |helpers: &str| {
        lost_in(&format!(
            "func f(q *sql.DB) error {{\n{ROWS}a(rows, 3)\nreturn nil\n}}\n\n{helpers}"
        ))
    };
    let released = "func a(rows *sql.Rows, n int) {\ndefer rows.Close()\nb(rows, n)\n}\nfunc b(rows *sql.Rows, n int) {\nif n > 0 {\na(rows, n-1)\n}\n}";
    assert_eq!(with(released), NOTHING);
    let unknown = "func a(rows *sql.Rows, n int) {\nb(rows, n)\n}\nfunc b(rows *sql.Rows, n int) {\nif n > 0 {\na(rows, n-1)\n}\n}";
    assert_eq!(with(unknown), ["return nil?"]);
    let some = "func a(rows *sql.Rows, n int) {\nif n == 0 {\nrows.Close()\nreturn\n}\nb(rows, n)\n}\nfunc b(rows *sql.Rows, n int) {\na(rows, n-1)\n}";
    assert_eq!(with(some), ["return nil?"]);
}
