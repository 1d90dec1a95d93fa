//! Other words for the same.

use unleak::go::SourceFile;
use unleak::go::syntax::{Field, Kind, Node};
use unleak::text::Edit;

use super::{Random, functions};

fn nodes<'f>(file: &'f SourceFile, is_wanted: impl Fn(&Node<'f>) -> bool) -> Vec<Node<'f>> {
    let functions = functions(file);
    let all = functions.iter().flat_map(|function| function.subtree());
    all.filter(is_wanted).collect()
}

/// `a, err := f()` as `var a, err = f()`.
pub fn declare_with_var(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let in_list = |node: &Node<'_>| node.parent().is_some_and(|parent| parent.is(Kind::StatementList));
    let all = nodes(file, |node| node.is(Kind::ShortVarDeclaration) && in_list(node));
    let declaration = random.pick(&all)?;
    let (left, right) = (declaration.field(Field::Left)?, declaration.field(Field::Right)?);
    Some(vec![
        Edit::insert(left.start(), "var "),
        Edit::replace(unleak::text::Span::new(left.end(), right.start()), " = "),
    ])
}

/// What acquires, by the last name of the call, and static types that its first result fits.
const WIDE: &[(&str, &[&str])] = &[
    (
        "Open",
        &[
            "*os.File",
            "io.Reader",
            "io.ReadCloser",
            "io.Closer",
            "*sql.DB",
            "any",
            "multipart.File",
            "fs.File",
        ],
    ),
    ("Create", &["*os.File", "io.Writer", "io.WriteCloser", "any"]),
    (
        "Query",
        &[
            "*sql.Rows",
            "interface{ Next() bool; Scan(...any) error; Err() error }",
            "any",
        ],
    ),
    ("QueryContext", &["*sql.Rows", "any"]),
    ("Prepare", &["*sql.Stmt", "any"]),
    ("Begin", &["*sql.Tx", "interface{ Commit() error }", "any"]),
    ("Get", &["*http.Response", "any"]),
    ("Do", &["*http.Response", "any"]),
    ("Dial", &["net.Conn", "io.Writer", "io.ReadWriter", "any"]),
    ("Listen", &["net.Listener", "any"]),
    ("WithCancel", &["context.Context", "any"]),
    ("WithTimeout", &["context.Context", "any"]),
    (
        "NewReader",
        &["*gzip.Reader", "io.Reader", "io.ReadCloser", "any"],
    ),
    ("NewTicker", &["*time.Ticker", "any"]),
];

/// `a, err := os.Open(p)` as `var a io.Reader`, `var err error` and an assignment.
pub fn declare_wide(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let in_list = |node: &Node<'_>| node.parent().is_some_and(|parent| parent.is(Kind::StatementList));
    let all = nodes(file, |node| node.is(Kind::ShortVarDeclaration) && in_list(node));
    let mut edits = Vec::new();
    let declaration = random.pick(&all)?;
    let (left, right) = (declaration.field(Field::Left)?, declaration.field(Field::Right)?);
    let call = right.child(0).filter(|call| call.is(Kind::CallExpression))?;
    let callee = call.field(Field::Function)?.text();
    let name = callee.rsplit('.').next()?;
    let (_, types) = WIDE.iter().find(|(known, _)| *known == name)?;
    let of = random.pick(types)?;
    let names: Vec<_> = left.children().map(Node::text).collect();
    let mut declared = String::new();
    for (at, name) in names.iter().enumerate().filter(|(_, name)| **name != "_") {
        let of = match (at, name.contains("ancel")) {
            (0, _) => of,
            (_, true) => "context.CancelFunc",
            _ => "error",
        };
        // A name that stands already keeps its type.
        if at == 0 || random.one_in(2) {
            declared.push_str(&format!("var {name} {of}\n"));
        }
    }
    edits.push(Edit::insert(left.start(), declared));
    edits.push(Edit::replace(
        unleak::text::Span::new(left.end(), right.start()),
        " = ",
    ));
    Some(edits)
}

/// Parentheses around an expression that stands anywhere.
pub fn parenthesize(file: &SourceFile, random: &mut Random) -> Option<Vec<Edit>> {
    let is_expression = |node: &Node<'_>| {
        let plain = matches!(
            node.kind(),
            Kind::CallExpression
                | Kind::SelectorExpression
                | Kind::Identifier
                | Kind::Nil
                | Kind::FuncLiteral
        );
        let used = matches!(
            node.role(),
            Field::Operand | Field::Right | Field::Left | Field::Function | Field::Value
        );
        plain && (used || node.parent().is_some_and(|up| up.is(Kind::ArgumentList)))
    };
    let all = nodes(file, is_expression);
    let one = random.pick(&all)?;
    Some(vec![Edit::insert(one.start(), "("), Edit::insert(one.end(), ")")])
}
