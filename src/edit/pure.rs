//! What can be deleted without loss: expressions whose evaluation does nothing but give a value. Which functions
//! of other packages are such is told by the facts; everything unknown counts as doing something.

use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, Type};
use crate::limits::Limit;

/// More nodes than this are generated or hostile code, which would only exhaust the stack.
const TRACTABLE: Limit = Limit::new(4_096, "nodes of one expression");

/// Whether an expression or statement is small enough to be looked at by recursion.
pub fn is_tractable(at: Declaration<'_>, node: Node<'_>) -> bool {
    let fits = node.subtree_end() - node.index() <= TRACTABLE.most as usize;
    if !fits {
        TRACTABLE.reached(&at.file().path);
    }
    fits
}

/// Whether `expression` may go when nobody needs its value. An index out of range counts as doing something.
pub fn is_pure(at: Declaration<'_>, expression: Node<'_>) -> bool {
    if !is_tractable(at, expression) {
        return false;
    }
    let all_pure = |node: Node<'_>| node.children().all(|child| is_pure(at, child));
    match expression.kind() {
        Kind::Identifier
        | Kind::FieldIdentifier
        | Kind::BlankIdentifier
        | Kind::Nil
        | Kind::True
        | Kind::False
        | Kind::Iota
        | Kind::IntLiteral
        | Kind::FloatLiteral
        | Kind::ImaginaryLiteral
        | Kind::RuneLiteral
        | Kind::InterpretedStringLiteral
        | Kind::RawStringLiteral
        // It is made here and run elsewhere, if ever.
        | Kind::FuncLiteral => true,
        Kind::ParenthesizedExpression
        | Kind::ExpressionList
        | Kind::SelectorExpression
        | Kind::LiteralValue
        | Kind::LiteralElement
        | Kind::KeyedElement
        | Kind::BinaryExpression => all_pure(expression),
        Kind::UnaryExpression => expression.operator() != Some(Kind::Arrow) && all_pure(expression),
        Kind::CompositeLiteral => expression.field(Field::Body).is_some_and(all_pure),
        Kind::TypeConversionExpression => expression.field(Field::Operand).is_some_and(|operand| is_pure(at, operand)),
        // An index out of range would panic; a map has none.
        Kind::IndexExpression => is_map(at, expression) && all_pure(expression),
        Kind::CallExpression => is_pure_call(at, expression),
        _ => false,
    }
}

fn is_map(at: Declaration<'_>, index: Node<'_>) -> bool {
    let operand = index.field(Field::Operand);
    operand.is_some_and(|operand| matches!(at.type_of(operand), Type::Map(..)))
}

fn is_pure_call(at: Declaration<'_>, call: Node<'_>) -> bool {
    let Some(arguments) = call.field(Field::Arguments) else {
        return false;
    };
    let values = |skipped: usize| {
        arguments
            .children()
            .skip(skipped)
            .all(|argument| is_pure(at, argument))
    };
    match at.callee(call) {
        // What is made names its type first.
        Callee::Builtin(name) if matches!(&*name, "make" | "new") => values(1),
        Callee::Builtin(name) => matches!(&*name, "append" | "cap" | "len" | "max" | "min") && values(0),
        Callee::Conversion(_) => values(0),
        callee => callee.function().is_some_and(|function| {
            let called = call.field(Field::Function);
            called.is_some_and(|called| is_pure(at, called))
                && values(0)
                && at.facts().is_pure(function, arguments.children().count())
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::{Package, SourceFile};

    /// Whether the right side of `_ = …` in a handler is pure.
    fn pure(expression: &str) -> bool {
        let code = format!(
            "package p\n\nimport (\n\t\"fmt\"\n\t\"strings\"\n\t\"time\"\n\n\t\"github.com/gofiber/fiber/v2\"\n)\n\nvar all []string\nvar byName map[string]int\n\nfunc h(c *fiber.Ctx) error {{\n\t_ = {expression}\n\treturn nil\n}}\n"
        );
        let package = Package::new("p", None, vec![SourceFile::new("p/f.go", code.as_bytes())]);
        let declaration = package.find_name("h").unwrap();
        let mut nodes = declaration.tree().root().subtree();
        let statement = nodes.find(|node| node.is(Kind::AssignmentStatement)).unwrap();
        is_pure(declaration, statement.field(Field::Right).unwrap())
    }

    #[test]
    fn values_and_getters_are_pure() {
        for expression in [
            "1 + len(all)",
            "&struct{ c *fiber.Ctx }{c}",
            "func() { fmt.Println() }",
            "append(all, strings.Clone(c.Params(\"id\")))",
            "fmt.Sprintf(\"%d\", time.Now().UnixNano())",
            "make(map[string]int, 3)",
            "string([]byte(\"x\"))",
            "byName[c.Path()]",
            "c.Locals(\"user\")",
        ] {
            assert!(pure(expression), "{expression}");
        }
    }

    #[test]
    fn what_acts_waits_or_panics_is_not() {
        for expression in [
            "c.Next()",
            "c.Locals(\"user\", 1)",
            "c.Path(\"/x\")",
            "<-done",
            "all[3]",
            "x.(string)",
            "other()",
            "fmt.Println()",
            "strings.Clone(other())",
            "func() int { return 1 }()",
        ] {
            assert!(!pure(expression), "{expression}");
        }
    }
}
