//! The summary of a campaign as Markdown.

use super::model::{Counts, Summary};
use crate::batch::state::State;
use crate::text::misleads;

/// The summary as people read it in a merge request or a chat.
pub fn markdown(summary: &Summary) -> String {
    [
        totals(summary),
        by_rule(summary),
        by_repository(summary),
        refusals(summary),
    ]
    .concat()
}

fn totals(summary: &Summary) -> String {
    let total = summary.total();
    format!(
        "# unleak campaign {}\n\n{} repositories: {} repaired, {} with nothing to change, {} opted out, {} failed, \
         {} not done.\n{} findings: {} repaired, {} refused, {} left.\n",
        summary.campaign,
        summary.repositories.len(),
        summary.count(&[State::Repaired]),
        summary.count(&[State::Clean]),
        summary.count(&[State::OptedOut]),
        summary.count(&[State::Failed, State::Retryable]),
        summary.count(&[State::Pending, State::Running]),
        total.findings,
        total.fixed,
        total.refused,
        total.left,
    )
}

fn by_rule(summary: &Summary) -> String {
    let head = "rule | severity | repositories | findings | repaired | refused | left";
    let lines = summary.rules.iter().map(|line| {
        let counts = counted(line.counts);
        format!(
            "`{}` | {} | {} | {counts}",
            line.rule, line.severity, line.repositories
        )
    });
    table("By rule", head, lines)
}

fn by_repository(summary: &Summary) -> String {
    let head = "repository | state | findings | repaired | refused | left";
    let lines = summary.repositories.iter().map(|line| {
        let state = match line.message.is_empty() {
            true => line.state.to_string(),
            false => format!("{}: {}", line.state, cell(&line.message)),
        };
        format!("{} | {state} | {}", cell(&line.repository), counted(line.counts))
    });
    table("By repository", head, lines)
}

fn refusals(summary: &Summary) -> String {
    let lines = summary.refusals.iter().map(|line| {
        format!(
            "`{}` | {} | {} | {}",
            line.rule, line.reason, line.findings, line.repositories
        )
    });
    table("Refusals", "rule | reason | findings | repositories", lines)
}

fn counted(counts: Counts) -> String {
    let Counts {
        findings,
        fixed,
        refused,
        left,
        ..
    } = counts;
    format!("{findings} | {fixed} | {refused} | {left}")
}

fn table(title: &str, head: &str, lines: impl Iterator<Item = String>) -> String {
    let rule = "---|".repeat(head.split('|').count());
    let mut out = format!("\n## {title}\n\n| {head} |\n|{rule}\n");
    for line in lines {
        out.push_str(&format!("| {line} |\n"));
    }
    out
}

/// Text that stays in its cell and is not markup.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '|' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '\\' => out.extend(['\\', letter]),
            letter if misleads(letter) => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
