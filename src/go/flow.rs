//! Control flow with the package's knowledge: which calls end a path.

use std::cell::{Cell, RefCell};

use super::calls::Callee;
use super::cfg::Cfg;
use super::declaration::Declaration;
use super::package::DeclId;
use super::syntax::{Field, Kind, Node};
use crate::limits::{self, Budget, Limit};

/// How many functions one question may lead to. Only those count that end with a call, or with something that may never
/// end.
const FUNCTIONS: Limit = Limit::new(1_000, "functions");

impl<'a> Declaration<'a> {
    /// The control flow of a function declaration, method or literal of this declaration; `None` without a body, and where
    /// it is nested too deep to be seen through.
    pub fn control_flow(self, function: Node<'a>) -> Option<Cfg<'a>> {
        Endings::default().control_flow(self, function)
    }
}

/// Which functions never come back, as far as one question needs it.
struct Endings<'a> {
    /// The functions under way: each counts as coming back while it is looked at, as recursion alone ends nothing.
    under_way: RefCell<Vec<(&'a str, DeclId)>>,
    /// The outermost function under way that the answers so far took for coming back.
    assumed: Cell<usize>,
    budget: RefCell<Budget>,
}

impl Default for Endings<'_> {
    fn default() -> Self {
        Endings {
            under_way: RefCell::default(),
            assumed: Cell::new(usize::MAX),
            budget: RefCell::new(Budget::new(FUNCTIONS)),
        }
    }
}

impl<'a> Endings<'a> {
    fn control_flow(&self, at: Declaration<'a>, function: Node<'a>) -> Option<Cfg<'a>> {
        let body = function.field(Field::Body)?;
        let flow = Cfg::build(body, &|call| self.is_end(at, call));
        let path = &at.file().path;
        flow.cuts.iter().for_each(|limit| limit.reached(path));
        flow.is_whole().then_some(flow)
    }

    /// Whether `call` ends the path: it panics, exits, or calls a function of the module that does.
    fn is_end(&self, at: Declaration<'a>, call: Node<'_>) -> bool {
        match at.callee(call) {
            Callee::Builtin(name) => name == "panic",
            Callee::Package(callee) => self.never_comes_back(callee),
            callee => callee
                .function()
                .is_some_and(|function| at.facts().never_returns(function)),
        }
    }

    /// Whether no path of this function leads back to its caller. What rests on no function under way is kept.
    fn never_comes_back(&self, at: Declaration<'a>) -> bool {
        let memo = at.memo();
        if let Some(known) = memo.is_final.get() {
            return *known;
        }
        let key = (&*at.package.path, at.id);
        let standing = self.under_way.borrow().iter().position(|held| *held == key);
        if let Some(standing) = standing {
            self.assumed.set(self.assumed.get().min(standing));
            return false;
        }
        let path = &at.file().path;
        let depth = self.under_way.borrow().len();
        if !may_end(at) {
            return false;
        }
        if !self.budget.borrow_mut().spend(path) {
            self.assumed.set(0);
            return false;
        }
        let before = self.assumed.replace(usize::MAX);
        self.under_way.borrow_mut().push(key);
        let found = limits::inside(path, || self.has_no_way_back(at));
        self.under_way.borrow_mut().pop();
        if found.is_some() && self.assumed.get() >= depth {
            let _ = memo.is_final.set(found == Some(true));
            self.assumed.set(before);
        } else {
            self.assumed.set(if found.is_some() {
                before.min(self.assumed.get())
            } else {
                0
            });
        }
        found == Some(true)
    }

    fn has_no_way_back(&self, at: Declaration<'a>) -> bool {
        let Some(function) = at.function() else {
            return false;
        };
        let last = function.field(Field::Body).and_then(last_statement);
        let ends = last.is_some_and(|last| match last.kind() {
            Kind::ExpressionStatement => last.child(0).is_some_and(|call| self.is_end(at, call)),
            _ => true,
        });
        let recovers = || {
            function
                .descendants()
                .any(|node| node.is(Kind::Identifier) && node.text() == "recover")
        };
        ends && !recovers()
            && self
                .control_flow(at, function)
                .is_some_and(|flow| !flow.returns())
    }
}

/// Most functions that come back are told by their last statement.
fn may_end(at: Declaration<'_>) -> bool {
    let body = at.function().and_then(|function| function.field(Field::Body));
    body.and_then(last_statement)
        .is_some_and(|last| match last.kind() {
            Kind::ExpressionStatement => last.child(0).is_some_and(|call| call.is(Kind::CallExpression)),
            Kind::ForStatement | Kind::SelectStatement => true,
            _ => false,
        })
}

fn last_statement(body: Node<'_>) -> Option<Node<'_>> {
    body.children()
        .find(|child| child.is(Kind::StatementList))?
        .children()
        .last()
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

    #[test]
    fn it_does_not_matter_how_far_away_a_path_ends_or_who_is_asked_first() {
        let chain: String = (0..30)
            .map(|n| format!("func f{n}() {{ f{}() }}\n", n + 1))
            .collect();
        assert!(!returns(&format!("{chain}func f30() {{ panic(1) }}"), "f0"));
        assert!(returns(&format!("{chain}func f30() {{}}"), "f0"));
        // While `g` is looked at, `f` cannot be told to end; afterwards it can.
        let pair = "func f() { g() }\nfunc g() {\n\tif c {\n\t\tf()\n\t}\n\tpanic(1)\n}\nvar c bool\n";
        let file = SourceFile::new(
            "p/f.go",
            format!("package p\n\n{pair}func h() {{ g() }}").as_bytes(),
        );
        let package = Package::new("p", None, vec![file]);
        for name in ["h", "g", "f"] {
            let asked = package.find_name(name).unwrap();
            assert!(
                !asked.control_flow(asked.function().unwrap()).unwrap().returns(),
                "{name}"
            );
        }
    }
}
