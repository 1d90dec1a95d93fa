//! Control flow with the package's knowledge: which calls end a path.

use super::calls::Callee;
use super::cfg::Cfg;
use super::package::Declaration;
use super::syntax::{Field, Kind, Node};

/// How many functions that only call the next one are followed.
const DEPTH: u32 = 4;

impl<'a> Declaration<'a> {
    /// The control flow of a function declaration, method or literal of this declaration; `None` without a body.
    pub fn control_flow(self, function: Node<'a>) -> Option<Cfg<'a>> {
        self.control_flow_within(function, DEPTH)
    }

    fn control_flow_within(self, function: Node<'a>, depth: u32) -> Option<Cfg<'a>> {
        let body = function.field(Field::Body)?;
        Some(Cfg::build(body, &|call| self.never_returns(call, depth)))
    }

    /// Whether `call` ends the path: it panics, exits, or calls a function of the package that does.
    fn never_returns(self, call: Node<'_>, depth: u32) -> bool {
        match self.callee(call) {
            Callee::Builtin(name) => name == "panic",
            Callee::External { path, receiver, name } => ends_path(&path, receiver.as_deref(), &name),
            Callee::Package(callee) => depth > 0 && callee.never_comes_back(depth - 1),
            _ => false,
        }
    }

    /// Whether no path of this function leads back to its caller. Most are told apart by their last statement.
    fn never_comes_back(self, depth: u32) -> bool {
        let Some(function) = self.function() else {
            return false;
        };
        let last = function.field(Field::Body).and_then(last_statement);
        let may_end = last.is_some_and(|last| match last.kind() {
            Kind::ExpressionStatement => last
                .child(0)
                .is_some_and(|call| call.is(Kind::CallExpression) && self.never_returns(call, depth)),
            Kind::ForStatement | Kind::SelectStatement => true,
            _ => false,
        });
        let recovers = || {
            function
                .descendants()
                .any(|node| node.is(Kind::Identifier) && node.text() == "recover")
        };
        may_end
            && !recovers()
            && self
                .control_flow_within(function, depth)
                .is_some_and(|flow| !flow.returns())
    }
}

fn last_statement(body: Node<'_>) -> Option<Node<'_>> {
    body.children()
        .find(|child| child.is(Kind::StatementList))?
        .children()
        .last()
}

fn ends_path(path: &str, receiver: Option<&str>, name: &str) -> bool {
    let fatal = |name: &str| name.starts_with("Fatal") || name.starts_with("Panic");
    match (path, receiver) {
        ("os", None) => name == "Exit",
        ("runtime", None) => name == "Goexit",
        ("log", None | Some("Logger")) => fatal(name),
        ("testing", Some("T" | "B" | "F" | "TB")) => {
            matches!(
                name,
                "FailNow" | "Fatal" | "Fatalf" | "Skip" | "Skipf" | "SkipNow"
            )
        }
        ("github.com/sirupsen/logrus", _) | ("go.uber.org/zap", Some("Logger" | "SugaredLogger")) => {
            fatal(name)
        }
        ("github.com/gofiber/fiber/v2/log" | "github.com/gofiber/fiber/v3/log", None) => fatal(name),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::go::{Package, SourceFile};

    fn returns(source: &str, function: &str) -> bool {
        let file = SourceFile::new("p/f.go", format!("package p\n\n{source}").as_bytes());
        let package = Package::new("p", None, vec![file]);
        let declaration = package.find_name(function).unwrap();
        declaration
            .control_flow(declaration.function().unwrap())
            .unwrap()
            .returns()
    }

    #[test]
    fn calls_that_end_the_process_end_the_path() {
        assert!(!returns("import \"os\"\n\nfunc f() { os.Exit(1) }", "f"));
        assert!(!returns("import l \"log\"\n\nfunc f() { l.Fatalf(\"\") }", "f"));
        assert!(!returns("func f() { panic(1) }", "f"));
        assert!(returns("func f(panic func(int)) { panic(1) }", "f"));
        assert!(returns("import \"log\"\n\nfunc f() { log.Printf(\"\") }", "f"));
    }

    #[test]
    fn functions_of_the_package_that_never_return_end_the_path() {
        let die = "import \"log\"\n\nfunc die(s string) {\n\tif s == \"\" {\n\t\tpanic(s)\n\t}\n\tlog.Fatal(s)\n}\n";
        assert!(!returns(&format!("{die}\nfunc f() {{ die(\"\") }}"), "f"));
        let maybe =
            "import \"log\"\n\nfunc die(s string) {\n\tif s == \"\" {\n\t\treturn\n\t}\n\tlog.Fatal(s)\n}\n";
        assert!(returns(&format!("{maybe}\nfunc f() {{ die(\"\") }}"), "f"));
        let recovered = "func die() {\n\tdefer func() { recover() }()\n\tpanic(1)\n}\n";
        assert!(returns(&format!("{recovered}\nfunc f() {{ die() }}"), "f"));
        assert!(returns("func f() { g() }\nfunc g() { f() }", "f"));
    }
}
