use super::request_path;
use crate::go::{Package, SourceFile};

const HEADER: &str =
    "package p\n\nimport (\n\t\"sync\"\n\n\t\"github.com/gofiber/fiber/v2\"\n)\n\nvar once sync.Once\n\n";

/// The way on which a request reaches the call `mark()`, as titles.
fn reached(code: &str) -> Option<String> {
    let (imports, rest) = match code.strip_prefix("import ") {
        Some(_) => code.split_at(code.find("func mark").unwrap()),
        None => ("", code),
    };
    let source = HEADER.replace("var once", &format!("{imports}\nvar once"));
    let file = SourceFile::new("p/f.go", format!("{source}{rest}\n").into_bytes());
    let package = Package::new("p", None, vec![file]);
    let marks = package.mentions("mark");
    let (declaration, mark) = marks.into_iter().find(|(d, _)| d.decl().title() != "mark")?;
    request_path(declaration, mark).map(|path| path.titles(declaration))
}

#[test]
fn handlers_of_every_shape_are_per_request() {
    for code in [
        "func mark() {}\nfunc h(c *fiber.Ctx) error { mark(); return nil }",
        "func mark() {}\ntype s struct{}\nfunc (s) h(ctx *fiber.Ctx) error { mark(); return nil }",
        "func mark() {}\nfunc h() fiber.Handler { return func(c *fiber.Ctx) error { mark(); return nil } }",
        "func mark() {}\nfunc main() { fiber.New().Get(\"/\", func(c *fiber.Ctx) error { mark(); return nil }) }",
        "func mark() {}\nvar h = func(c *fiber.Ctx) error { mark(); return nil }",
        "func mark() {}\nfunc h(c *fiber.Ctx) error { go func() { mark() }(); return nil }",
    ] {
        assert!(reached(code).is_some(), "{code}");
    }
}

#[test]
fn helpers_are_reached_through_calls() {
    let code = "func mark() {}\ntype repo struct{}\nfunc (r *repo) find() { open() }\nfunc open() { mark() }\nfunc list(c *fiber.Ctx) error { new(repo).find(); return nil }\nvar _ = (&repo{}).find";
    assert_eq!(reached(code).as_deref(), Some("list → repo.find → open"));
}

#[test]
fn set_up_code_is_not_per_request() {
    for code in [
        "func mark() {}\nfunc main() { open() }\nfunc open() { mark() }",
        "func mark() {}\nfunc init() { mark() }",
        "func mark() int { return 0 }\nvar x = mark()",
        "func mark() {}\nfunc h(c *fiber.Ctx) error { once.Do(func() { mark() }); return nil }",
        "func mark() {}\nfunc h() fiber.Handler { mark(); return func(c *fiber.Ctx) error { return nil } }",
        "func mark() {}\nfunc lonely() { mark() }",
    ] {
        assert_eq!(reached(code), None, "{code}");
    }
}

#[test]
fn functions_are_followed_as_values() {
    for (code, way) in [
        // Called by the function it is handed to, which others call at set-up.
        (
            "func mark() {}\nfunc retry(f func()) { f() }\nfunc main() { retry(nil) }\nfunc open() { mark() }\nfunc h(c *fiber.Ctx) error { retry(open); return nil }",
            "h → open",
        ),
        // Called in the handler that a factory makes.
        (
            "func mark() {}\nfunc guard(check func()) fiber.Handler { return func(c *fiber.Ctx) error { check(); return nil } }\nfunc open() { mark() }\nfunc main() { fiber.New().Use(guard(open)) }",
            "handler in guard → open",
        ),
        // Kept in a field, in a variable, in a local name, returned.
        (
            "func mark() {}\ntype deps struct{ open func() }\nfunc (d *deps) get(c *fiber.Ctx) error { d.open(); return nil }\nfunc open() { mark() }\nfunc main() { _ = &deps{open: open} }",
            "deps.get → open",
        ),
        (
            "func mark() {}\nvar open = func() { mark() }\nfunc h(c *fiber.Ctx) error { open(); return nil }",
            "h → open",
        ),
        (
            "func mark() {}\nfunc main() {\n\topen := func() { mark() }\n\tfiber.New().Get(\"/\", func(c *fiber.Ctx) error { open(); return nil })\n}",
            "handler in main → main",
        ),
        (
            "func mark() {}\nfunc opener() func() { return func() { mark() } }\nfunc h(c *fiber.Ctx) error { open := opener(); open(); return nil }",
            "h → opener",
        ),
        // A method value.
        (
            "func mark() {}\ntype repo struct{}\nfunc (repo) open() { mark() }\nfunc h(c *fiber.Ctx) error { f := repo{}.open; f(); return nil }",
            "h → repo.open",
        ),
        // Kept in a map, a slice, a field of an element.
        (
            "func mark() {}\nvar openers = map[string]func(){\"a\": open}\nfunc open() { mark() }\nfunc h(c *fiber.Ctx) error { openers[\"a\"](); return nil }",
            "h → open",
        ),
        (
            "func mark() {}\nvar openers = []func(int){open}\nfunc open(n int) { mark() }\nfunc h(c *fiber.Ctx) error { i := 0; openers[i](1); return nil }",
            "h → open",
        ),
        (
            "func mark() {}\nvar openers []func()\nfunc open() { mark() }\nfunc main() { openers = append(openers, open) }\nfunc h(c *fiber.Ctx) error {\n\tfor _, f := range openers {\n\t\tf()\n\t}\n\treturn nil\n}",
            "h → open",
        ),
        (
            "func mark() {}\nvar openers = map[string]func(){}\nfunc open() { mark() }\nfunc main() { openers[\"a\"] = open }\nfunc h(c *fiber.Ctx) error { f := openers[\"a\"]; f(); return nil }",
            "h → open",
        ),
        (
            "func mark() {}\ntype job struct{ run func() }\nvar jobs = []job{{run: open}}\nfunc open() { mark() }\nfunc h(c *fiber.Ctx) error { jobs[0].run(); return nil }",
            "h → open",
        ),
        // Called with a type argument, which may read as an index or a conversion.
        (
            "func mark() {}\nfunc open[T any](v T) { mark() }\nfunc h(c *fiber.Ctx) error { open[int](1); return nil }",
            "h → open",
        ),
        // Code that cannot be seen calls it on the spot.
        (
            "import \"slices\"\nfunc mark() {}\nfunc less(a, b int) int { mark(); return 0 }\nfunc h(c *fiber.Ctx) error { slices.SortFunc([]int{}, less); return nil }",
            "h → less",
        ),
    ] {
        assert_eq!(reached(code).as_deref(), Some(way), "{code}");
    }
}

#[test]
fn function_values_of_set_up_code_are_not_per_request() {
    for code in [
        "func mark() {}\nfunc retry(f func()) { f() }\nfunc open() { mark() }\nfunc main() { retry(open) }\nfunc h(c *fiber.Ctx) error { retry(func() {}); return nil }",
        "func mark() {}\nvar open = sync.OnceFunc(func() { mark() })\nfunc h(c *fiber.Ctx) error { open(); return nil }",
        "func mark() {}\nfunc open() { mark() }\nfunc h(c *fiber.Ctx) error { once.Do(open); return nil }",
        "func mark() {}\nfunc main() { fiber.New().Hooks().OnListen(func(d fiber.ListenData) error { mark(); return nil }) }",
        "func mark() {}\nfunc main() { fiber.New().Route(\"/\", func(r fiber.Router) { mark() }) }",
        "import \"fmt\"\nfunc mark() {}\nvar openers = []func(){open}\nfunc open() { mark() }\nfunc h(c *fiber.Ctx) error { fmt.Println(openers); return nil }",
        "func mark() {}\nfunc a(f func()) { b(f) }\nfunc b(f func()) { a(f) }\nfunc open() { mark() }\nfunc main() { a(open) }",
    ] {
        assert_eq!(reached(code), None, "{code}");
    }
}

#[test]
fn interfaces_lead_to_what_implements_them() {
    let one = "func mark() {}\ntype finder interface{ find() }\ntype sql struct{}\nfunc (*sql) find() { mark() }\ntype api struct{ repo finder }\nfunc (a api) get(c *fiber.Ctx) error { a.repo.find(); return nil }";
    assert_eq!(reached(one).as_deref(), Some("api.get → sql.find"));
    let two = format!("{one}\ntype mem struct{{}}\nfunc (mem) find() {{}}");
    assert_eq!(reached(&two), None);
    let other = "func mark() {}\ntype finder interface{ find(); close() }\ntype sql struct{}\nfunc (*sql) find() { mark() }\nfunc h(c *fiber.Ctx) error { var f finder; f.find(); return nil }";
    assert_eq!(reached(other), None);
}

#[test]
fn what_is_kept_and_asked_for_before_happens_once() {
    for code in [
        "var db *int\nfunc mark() *int { return nil }\nfunc open() *int { return mark() }\nfunc h(c *fiber.Ctx) error {\n\tif db == nil {\n\t\tdb = open()\n\t}\n\treturn nil\n}",
        "func mark() *int { return nil }\nfunc open() *int { return mark() }\ntype s struct{ db *int }\nfunc (s *s) h(c *fiber.Ctx) error {\n\tif s.db != nil {\n\t\treturn nil\n\t}\n\td := open()\n\ts.db = d\n\treturn nil\n}",
    ] {
        assert_eq!(reached(code), None, "{code}");
    }
    let fresh = "func mark() *int { return nil }\nfunc open() *int { return mark() }\ntype s struct{ db *int }\nfunc h(c *fiber.Ctx) error {\n\ts := &s{}\n\tif s.db == nil {\n\t\ts.db = open()\n\t}\n\treturn nil\n}";
    assert_eq!(reached(fresh).as_deref(), Some("h → open"));
}

#[test]
fn other_entries_than_fibers_handlers() {
    for code in [
        "import \"github.com/gofiber/contrib/websocket\"\nfunc mark() {}\nfunc main() { websocket.New(func(conn *websocket.Conn) { mark() }) }",
        "import (\n\t\"net/http\"\n\t\"github.com/gofiber/fiber/v2/middleware/adaptor\"\n)\nfunc mark() {}\nfunc greet(w http.ResponseWriter, r *http.Request) { mark() }\nfunc main() { fiber.New().Get(\"/\", adaptor.HTTPHandlerFunc(greet)) }",
        "import (\n\t\"net/http\"\n\t\"github.com/gofiber/fiber/v2/middleware/adaptor\"\n)\nfunc mark() {}\nfunc greet(w http.ResponseWriter, r *http.Request) { mark() }\nfunc main() { fiber.New().Get(\"/\", adaptor.HTTPHandler(http.HandlerFunc(greet))) }",
        "import (\n\t\"net/http\"\n\t\"github.com/gofiber/fiber/v2/middleware/adaptor\"\n)\nfunc mark() {}\ntype api struct{}\nfunc (*api) ServeHTTP(w http.ResponseWriter, r *http.Request) { mark() }\nfunc main() { fiber.New().Get(\"/\", adaptor.HTTPHandler(&api{})) }",
        "import \"github.com/gofiber/fiber/v2/middleware/basicauth\"\nfunc mark() {}\nfunc allow(user, word string) bool { mark(); return true }\nfunc main() { fiber.New().Use(basicauth.New(basicauth.Config{Authorizer: allow})) }",
    ] {
        assert!(reached(code).is_some(), "{code}");
    }
    let unserved = "import \"net/http\"\nfunc mark() {}\nfunc greet(w http.ResponseWriter, r *http.Request) { mark() }\nfunc main() { fiber.New() }";
    assert_eq!(reached(unserved), None);
    let lonely = "import \"net/http\"\nfunc mark() {}\ntype api struct{}\nfunc (*api) ServeHTTP(w http.ResponseWriter, r *http.Request) { mark() }\nfunc main() { fiber.New() }";
    assert_eq!(reached(lonely), None);
}
