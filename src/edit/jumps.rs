//! Jumps over what a repair would declare: to a label Go lets nobody come past a declaration of its block.

use crate::go::syntax::{Kind, Node};
use crate::go::{Declaration, FileId, Package};
use crate::text::{Edit, EditSet};

/// The first label to which a `goto` jumps over something that the edits declare. What stands in a block of its own
/// between the two counts as well: nobody misses a repair there.
pub fn jumped_over(package: &Package, edits: &[(FileId, EditSet)]) -> Option<String> {
    edits.iter().find_map(|(id, set)| {
        let owner = package.owner_of(*id)?;
        let held = package.find_file(*id)?;
        let mut declaring = set.iter().filter(|edit| declares(edit, &held.source));
        declaring.find_map(|edit| {
            let mut around = owner.declarations().filter(|at| {
                let span = at.decl().span;
                at.file().path == held.path && span.start < edit.span.start && edit.span.start < span.end
            });
            around.find_map(|at| label_behind(at, edit.span.start))
        })
    })
}

/// Whether it makes more declarations: a `:` put before a `=` does, too.
fn declares(edit: &Edit, source: &[u8]) -> bool {
    let says = |code: &str| code.contains(":=") || code.contains("var ");
    let (start, end) = (edit.span.start, edit.span.end);
    let text = |from: usize, to: usize| {
        let bytes = source.get(from..to.min(source.len())).unwrap_or_default();
        String::from_utf8_lossy(bytes).into_owned()
    };
    let (before, behind) = (text(start.saturating_sub(1), start), text(end, end + 1));
    says(&format!("{before}{}{behind}", edit.text)) && !says(&text(start.saturating_sub(1), end + 1))
}

fn label_behind(at: Declaration<'_>, place: usize) -> Option<String> {
    let nodes = || at.tree().root().subtree();
    let labels = nodes().filter(|node| node.is(Kind::LabeledStatement) && place <= node.start());
    let behind: Vec<&str> = labels.filter_map(name).collect();
    let jumps = nodes().filter(|node| node.is(Kind::GotoStatement) && node.end() <= place);
    let mut targets = jumps.filter_map(name);
    targets.find(|target| behind.contains(target)).map(str::to_owned)
}

fn name(node: Node<'_>) -> Option<&str> {
    let label = node.children().find(|child| child.is(Kind::LabelName));
    label.map(Node::text)
}
