//! Spellings of earlier versions that go on being read, and what is written today.

use toml::de::{DeTable, DeValue};

/// Keys of rows: old and new.
const KEYS: [(&str, &str); 2] = [("gives", "type"), ("beneath", "underlying")];

/// What a key of a row was called before.
pub(super) fn old_key(new: &str) -> Option<&'static str> {
    let mut keys = KEYS.into_iter();
    keys.find(|(_, now)| *now == new).map(|(old, _)| old)
}

/// Every old spelling in the rows of a config, by its place.
pub(super) fn hints(text: &str) -> Vec<(usize, String)> {
    let Ok(file) = DeTable::parse(text) else {
        return Vec::new();
    };
    let tables = ["resource", "client"].into_iter();
    let tables = tables.filter_map(|name| file.get_ref().get(name)?.get_ref().as_array());
    let rows = tables.flatten().filter_map(|row| row.get_ref().as_table());
    let mut hints: Vec<_> = rows.flat_map(in_row).collect();
    hints.sort();
    hints
}

fn in_row(row: &DeTable<'_>) -> Vec<(usize, String)> {
    let mut hints = Vec::new();
    for (old, new) in KEYS {
        if let Some(value) = row.get(old) {
            hints.push((value.span().start, format!("`{old}` is called `{new}` now")));
        }
    }
    for key in ["package", "also", "acquire"] {
        let Some(value) = row.get(key) else { continue };
        let one = std::slice::from_ref(value);
        let values = value.get_ref().as_array().map_or(one, |list| &list[..]);
        for value in values {
            if let Some((old, new)) = respelled(key, value.get_ref()) {
                hints.push((value.span().start, format!("`{old}` is written `{new}` now")));
            }
        }
    }
    hints
}

fn respelled(key: &str, value: &DeValue<'_>) -> Option<(String, String)> {
    let old = value.as_str()?;
    let new = match (key, old.split_once('.')) {
        ("acquire", Some(("*", method))) => format!("(*).{method}"),
        ("acquire", Some((of, method))) if !old.contains(['(', '/']) => format!("(*{of}).{method}"),
        ("acquire", _) => return None,
        _ => format!("{}/*", old.strip_suffix("/...")?),
    };
    Some((old.to_owned(), new))
}
