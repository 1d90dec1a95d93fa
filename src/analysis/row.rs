//! What a row that somebody wrote has to say, and how: parts of it become source.

use super::Resource;
use crate::facts::Key;
use crate::go::{is_expression, is_identifier, is_import_path};

/// What is wrong with a row, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    pub key: &'static str,
    /// Which element of the key's list it is; 0 where it has no list.
    pub element: usize,
    pub message: String,
}

/// What a text has to be.
#[derive(Clone, Copy)]
struct Spelling {
    noun: &'static str,
    fits: fn(&str) -> bool,
}

const NAME: Spelling = Spelling {
    noun: "a Go identifier",
    fits: is_identifier,
};
const FUNCTION: Spelling = Spelling {
    noun: "a function, or a method as `(*Type).Method` or `(*).Method`",
    fits: is_function,
};
const PATH: Spelling = Spelling {
    noun: "an import path",
    fits: |text| is_import_path(text.strip_suffix("/*").unwrap_or(text)),
};
const TYPE: Spelling = Spelling {
    noun: "a type as its own package writes it",
    fits: is_type,
};
const EXPRESSION: Spelling = Spelling {
    noun: "one Go expression",
    fits: is_expression,
};
const WORDS: Spelling = Spelling {
    noun: "made of letters, digits, spaces and `-`",
    fits: |text| {
        text.chars()
            .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
    },
};
const LINE: Spelling = Spelling {
    noun: "one line of text",
    fits: |text| !text.contains(char::is_control),
};

fn is_function(text: &str) -> bool {
    Key::parse(text).is_some_and(|key| {
        let is_path = |path: &String| is_import_path(path);
        let is_type = |of: &String| of == "*" || is_identifier(of);
        key.path.as_ref().is_none_or(is_path)
            && key.receiver.as_ref().is_none_or(is_type)
            && is_identifier(&key.name)
    })
}

/// `Client`, `*Client` or `example.com/other.Client`.
fn is_type(text: &str) -> bool {
    let text = text.trim_start_matches('*');
    match text.rsplit_once('.') {
        Some((path, name)) => is_import_path(path) && is_identifier(name),
        None => is_identifier(text),
    }
}

impl Resource {
    /// What keeps this row from being of use, or from being written into source. `is_local` says whether its name is
    /// one for a variable as it is, rather than words for people.
    pub fn complaint(&self, is_local: bool) -> Option<Complaint> {
        let found = self.lack().or_else(|| self.misspelling(is_local));
        found.or_else(|| self.stray())
    }

    /// A key of another package than the row's.
    fn stray(&self) -> Option<Complaint> {
        let element = self.acquire.iter().position(|key| key.path.is_some())?;
        Some(Complaint {
            key: "acquire",
            element,
            message: format!(
                "`{}` is no function of `{}`: a row speaks of one package, and names further versions of it in `also`",
                self.acquire[element], self.package
            ),
        })
    }

    fn lack(&self) -> Option<Complaint> {
        let lacks = |key: &'static str, what: &str| {
            Some(Complaint {
                key,
                element: 0,
                message: format!("this row needs `{key}`: {what}"),
            })
        };
        let is_slug = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        match () {
            () if self.rule.is_empty() || !self.rule.chars().all(is_slug) => {
                lacks("rule", "a name of lower-case words joined by `-`")
            }
            () if self.package.is_empty() => lacks("package", "an import path"),
            () if self.acquire.is_empty() && self.literal.is_empty() => {
                lacks("acquire", "the functions that give the resource")
            }
            () if self.release.is_empty() && !self.called => lacks("release", "the methods that release it"),
            () => None,
        }
    }

    fn misspelling(&self, is_local: bool) -> Option<Complaint> {
        let one = std::slice::from_ref::<String>;
        let empty = self.empty.as_ref();
        let acquire: Vec<String> = self.acquire.iter().map(Key::to_string).collect();
        let texts: [(&'static str, Spelling, &[String]); 25] = [
            ("title", LINE, one(&self.title)),
            ("verb", LINE, one(&self.verb)),
            ("not_shared", LINE, self.not_shared.as_slice()),
            ("sharing_changes", LINE, self.sharing_changes.as_slice()),
            ("name", if is_local { NAME } else { WORDS }, one(&self.name)),
            ("package", PATH, one(&self.package)),
            ("also", PATH, &self.also),
            ("acquire", FUNCTION, &acquire),
            ("literal", NAME, &self.literal),
            ("owns", NAME, self.owns.as_slice()),
            ("error_field", NAME, self.error_field.as_slice()),
            ("part", NAME, self.part.as_slice()),
            ("release", NAME, &self.release),
            ("release_argument", EXPRESSION, self.release_argument.as_slice()),
            ("drained_by", NAME, &self.drained_by),
            ("spent_by", NAME, &self.spent_by),
            ("put_by", NAME, &self.put_by),
            ("taken_out_by", NAME, &self.taken_out_by),
            ("empty", NAME, empty.map_or(&[], |empty| one(&empty.field))),
            ("empty", EXPRESSION, empty.map_or(&[], |empty| &empty.values)),
            ("type", TYPE, self.gives.as_slice()),
            ("shared_name", NAME, self.shared_name.as_slice()),
            ("underlying", NAME, &self.beneath),
            ("ended_by", NAME, self.ended_by.as_slice()),
            ("made_by", NAME, self.made_by.as_slice()),
        ];
        texts
            .into_iter()
            .find_map(|(key, spelling, texts)| misspelt(key, spelling, texts))
    }
}

fn misspelt(key: &'static str, spelling: Spelling, texts: &[String]) -> Option<Complaint> {
    let element = texts.iter().position(|text| !(spelling.fits)(text))?;
    let shown: String = texts[element].chars().take(60).collect();
    let (shown, noun) = (shown.escape_debug(), spelling.noun);
    Some(Complaint {
        key,
        element,
        message: format!("`{shown}` in `{key}` is not {noun}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts;

    #[test]
    fn the_rows_that_come_with_us_are_spelled_as_a_config_has_to_be() {
        let mut seen = 0;
        for library in facts::libraries() {
            let released = [
                &library.resources,
                &library.cancels,
                &library.groups,
                &library.streamed,
            ];
            let resources = released.into_iter().flatten();
            let wrong = resources.clone().filter_map(|row| row.complaint(true));
            let clients = library.clients.iter();
            let misspelt = clients.clone().filter_map(|row| row.misspelling(false));
            let wrong: Vec<Complaint> = wrong.chain(misspelt).collect();
            assert!(wrong.is_empty(), "{wrong:?}");
            seen += resources.count() + clients.count();
        }
        assert!(seen > 100, "{seen}");
    }
}
