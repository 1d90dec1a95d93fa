//! The keys of a review and what they mean.

/// What a person can say to a proposal, each with one key. The first block has `git add -p`'s keys and meanings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    Accept,
    Decline,
    Quit,
    AcceptRestOfFile,
    DeclineRestOfFile,
    Edit,
    Help,
    AcceptRule,
    DeclineRule,
    Undo,
    Back,
    Forward,
    NextAlternative,
    Suppress,
    Explain,
    QuitAndRestore,
}

/// Every key with its command and its line of help, in the order people learn them.
const KEYS: [(char, Command, &str); 16] = [
    ('y', Command::Accept, "apply this fix"),
    ('n', Command::Decline, "leave this as it is"),
    ('q', Command::Quit, "quit; apply what was accepted so far"),
    (
        'a',
        Command::AcceptRestOfFile,
        "apply this and the rest of this file",
    ),
    (
        'd',
        Command::DeclineRestOfFile,
        "leave this and the rest of this file",
    ),
    ('e', Command::Edit, "edit the fix in $EDITOR, then apply it"),
    ('?', Command::Help, "show this help"),
    ('A', Command::AcceptRule, "apply every open fix of this rule"),
    ('x', Command::DeclineRule, "leave every open finding of this rule"),
    ('u', Command::Undo, "take back the last decision"),
    ('k', Command::Back, "go back without deciding"),
    ('j', Command::Forward, "go on without deciding"),
    ('\t', Command::NextAlternative, "show the next alternative"),
    (
        's',
        Command::Suppress,
        "suppress with a reason, as a comment in the code",
    ),
    ('i', Command::Explain, "explain the rule"),
    ('Q', Command::QuitAndRestore, "quit; nothing is written"),
];

impl Command {
    /// The command of a key. Enter has none, so that nobody agrees by leaning on it.
    pub fn of(key: char) -> Option<Self> {
        let row = KEYS.iter().find(|(held, _, _)| *held == key)?;
        Some(row.1)
    }

    /// Whether it can decide more than the proposal on show.
    pub fn decides_many(self) -> bool {
        use Command::{AcceptRestOfFile, AcceptRule, DeclineRestOfFile, DeclineRule};
        matches!(
            self,
            AcceptRestOfFile | DeclineRestOfFile | AcceptRule | DeclineRule
        )
    }
}

/// The keys of a prompt, `y,n,…`. Tab is offered only where there is another alternative to see.
pub fn prompt_keys(has_alternatives: bool) -> String {
    let offered = KEYS
        .iter()
        .filter(|row| has_alternatives || row.1 != Command::NextAlternative);
    let names: Vec<String> = offered.map(|row| key_name(row.0)).collect();
    names.join(",")
}

/// One line for each key.
pub fn help() -> String {
    let line = |(key, _, meaning): &(char, Command, &str)| format!("{:>5}  {meaning}\n", key_name(*key));
    KEYS.iter().map(line).collect()
}

fn key_name(key: char) -> String {
    match key {
        '\t' => "Tab".to_owned(),
        key => key.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_and_unknown_keys_say_nothing() {
        assert_eq!(Command::of('y'), Some(Command::Accept));
        assert_eq!(Command::of('Y'), None);
        assert_eq!(Command::of('\n'), None);
        assert_eq!(Command::of('\r'), None);
    }

    #[test]
    fn tab_is_offered_only_with_an_alternative() {
        assert!(prompt_keys(true).contains("j,Tab,s"));
        assert!(prompt_keys(false).contains("j,s"));
        assert_eq!(help().lines().count(), KEYS.len());
    }
}
