use super::Summary;
use crate::batch::state::State;

/// The summary as people read it in a merge request or a chat.
pub fn markdown(summary: &Summary) -> String {
    let total = summary.total();
    let mut out = format!(
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
    );
    out.push_str(
        "\n## By rule\n\n| rule | severity | repositories | findings | repaired | refused | left |\n",
    );
    out.push_str("|---|---|---|---|---|---|---|\n");
    for line in &summary.rules {
        let counts = line.counts;
        out.push_str(&format!(
            "| `{}` | {} | {} | {} | {} | {} | {} |\n",
            line.rule,
            line.severity,
            line.repositories,
            counts.findings,
            counts.fixed,
            counts.refused,
            counts.left
        ));
    }
    out.push_str("\n## By repository\n\n| repository | state | findings | repaired | refused | left |\n");
    out.push_str("|---|---|---|---|---|---|\n");
    for line in &summary.repositories {
        let counts = line.counts;
        let state = match line.message.is_empty() {
            true => line.state.to_string(),
            false => format!("{}: {}", line.state, cell(&line.message)),
        };
        out.push_str(&format!(
            "| {} | {state} | {} | {} | {} | {} |\n",
            cell(&line.repository),
            counts.findings,
            counts.fixed,
            counts.refused,
            counts.left
        ));
    }
    out.push_str("\n## Refusals\n\n| rule | reason | findings | repositories |\n|---|---|---|---|\n");
    for line in &summary.refusals {
        out.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            line.rule, line.reason, line.findings, line.repositories
        ));
    }
    out
}

/// Text that stays in its cell and is not markup.
fn cell(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars() {
        match letter {
            '|' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '\\' => out.extend(['\\', letter]),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
