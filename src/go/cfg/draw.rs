//! A control flow graph as mermaid, for those who work on the analysis.

use std::fmt::Write;

use super::graph::{Block, Cfg, Condition, Edge, Exit, Test};
use crate::go::syntax::{Kind, Node};

/// Longer source text is cut, so that a drawing stays readable.
const MAX_TEXT: usize = 40;

impl Cfg<'_> {
    /// The graph as a mermaid flowchart, for people and for tests.
    pub fn draw(&self) -> String {
        let mut out = String::from("flowchart TD\n");
        for (id, block) in self.blocks() {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "b{}[\"{}\"]", id.0, describe(block));
            for edge in &block.edges {
                let _ = writeln!(out, "b{} -->{} b{}", id.0, label(edge), edge.to.0);
            }
        }
        out
    }
}

fn describe(block: &Block<'_>) -> String {
    let statements = block.nodes.iter().map(|node| text(*node));
    let branch = block.branch.map(|branch| match branch.kind() {
        Kind::ForStatement => "(range)".to_owned(),
        Kind::SelectStatement => "(select)".to_owned(),
        _ => "(type switch)".to_owned(),
    });
    let exit = block.exit.and_then(|exit| match exit {
        Exit::Return(_) => None,
        Exit::FallOff(_) => Some("(end)".to_owned()),
        Exit::NoReturn(_) => Some("(no return)".to_owned()),
    });
    let lines: Vec<String> = statements.chain(branch).chain(exit).collect();
    lines.join("<br>")
}

fn label(edge: &Edge<'_>) -> String {
    edge.condition
        .map_or_else(String::new, |Condition { test, holds }| {
            let test = match test {
                Test::True(condition) => text(condition),
                Test::Equal(tag, value) => format!("{} is {}", text(tag), text(value)),
            };
            let not = if holds { "" } else { "not " };
            format!("|\"{not}{test}\"|")
        })
}

/// The first line of a node's source, without what mermaid would read as its own.
fn text(node: Node<'_>) -> String {
    let line = node.text().lines().next().unwrap_or_default();
    line.chars()
        .take(MAX_TEXT)
        .map(|c| if c == '"' { '\'' } else { c })
        .collect()
}
