//! Mutants of Go files: code that means something legal and looks like nobody writes it. A mutator changes a file as
//! the seed says; whether the mutant compiles is for a compiler to say. Nothing here knows what leaks.

mod duplicate;
mod layout;
mod names;
mod random;
mod shape;
mod spelling;
mod wrap;

use std::collections::BTreeMap;

use unleak::go::SourceFile;
use unleak::go::syntax::{Kind, Node};
use unleak::text::{Edit, EditSet, Span};

pub use random::Random;

/// The Go files of one case by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What a mutator sees and says: edits of this file, or nothing where it finds no place.
type Mutator = fn(&SourceFile, &mut Random) -> Option<Vec<Edit>>;

/// By name, for reports. What is here twice is chosen twice as often.
const MUTATORS: &[(&str, Mutator)] = &[
    ("rename", names::rename_local),
    ("rename", names::rename_local),
    ("shadow", names::declare_shadow),
    ("shadow", names::declare_shadow),
    ("results", names::name_results),
    ("alias", names::alias_import),
    ("body", wrap::wrap_body),
    ("statements", wrap::wrap_statements),
    ("statements", wrap::wrap_statements),
    ("jump", wrap::jump_over),
    ("generic", duplicate::make_generic),
    ("function", duplicate::repeat_function),
    ("repeat", duplicate::repeat_statements),
    ("repeat", duplicate::repeat_statements),
    ("drop", shape::drop_call),
    ("drop", shape::drop_call),
    ("twice", shape::twice),
    ("twice", shape::twice),
    ("header", shape::into_header),
    ("else", shape::into_else),
    ("switch", shape::into_switch),
    ("variable", shape::into_variable),
    ("var", spelling::declare_with_var),
    ("wide", spelling::declare_wide),
    ("parentheses", spelling::parenthesize),
    ("comment", layout::comment),
    ("comment", layout::comment),
    ("one-line", layout::join_lines),
    ("tag", layout::constrain),
];

/// What was made of a case, and how.
pub struct Mutant {
    pub files: Files,
    pub made_by: Vec<&'static str>,
}

/// Changes the case up to four times. The same seed gives the same mutant.
pub fn mutate(case: &Files, seed: u64) -> Mutant {
    let mut random = Random::new(seed);
    let mut mutant = Mutant {
        files: case.clone(),
        made_by: Vec::new(),
    };
    let wanted = 1 + random.below(4);
    for _ in 0..3 * wanted {
        if mutant.made_by.len() == wanted {
            break;
        }
        step(&mut mutant, &mut random);
    }
    if random.one_in(6) {
        names::add_file(&mut mutant.files, &mut random);
        mutant.made_by.push("file");
    }
    if random.one_in(12) {
        mutant.files.values_mut().for_each(layout::with_crlf);
        mutant.made_by.push("crlf");
    }
    mutant
}

fn step(mutant: &mut Mutant, random: &mut Random) {
    let paths: Vec<String> = mutant.files.keys().cloned().collect();
    let (Some(path), Some((name, mutator))) = (random.pick(&paths), random.pick(MUTATORS)) else {
        return;
    };
    let file = SourceFile::new(path.clone(), mutant.files[path].as_slice());
    let edits = mutator(&file, random).and_then(|edits| EditSet::try_from(edits).ok());
    if let Some(edits) = edits.filter(|edits| !edits.is_empty()) {
        mutant.files.insert(path.clone(), edits.apply(&file.source));
        mutant.made_by.push(name);
    }
}

/// The function declarations and methods of a file that have a body.
fn functions(file: &SourceFile) -> Vec<Node<'_>> {
    let nodes = file
        .decls
        .iter()
        .flat_map(|decl| file.tree(decl).root().subtree());
    let is_declared =
        |node: &Node<'_>| matches!(node.kind(), Kind::FunctionDeclaration | Kind::MethodDeclaration);
    nodes
        .filter(is_declared)
        .filter(|node| node.field(unleak::go::syntax::Field::Body).is_some())
        .collect()
}

/// Statements that follow each other in one list, each list with at least one.
fn lists(file: &SourceFile) -> Vec<Vec<Node<'_>>> {
    let functions = functions(file);
    let nodes = functions.iter().flat_map(|function| function.subtree());
    nodes
        .filter(|node| node.is(Kind::StatementList))
        .map(|list| list.children().collect::<Vec<_>>())
        .filter(|list| !list.is_empty())
        .collect()
}

/// A part of one statement list.
fn group<'f>(file: &'f SourceFile, random: &mut Random) -> Option<Vec<Node<'f>>> {
    let lists = lists(file);
    let list = random.pick(&lists)?;
    let first = random.below(list.len());
    let count = 1 + random.below((list.len() - first).min(4));
    Some(list[first..first + count].to_vec())
}

fn span_of(group: &[Node<'_>]) -> Option<Span> {
    Some(Span::new(group.first()?.start(), group.last()?.end()))
}

fn text(file: &SourceFile, span: Span) -> String {
    String::from_utf8_lossy(span.of(&file.source)).into_owned()
}
