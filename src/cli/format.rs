//! The formats by name.

use super::args::Format;
use crate::report::{
    Checkstyle, Concise, Github, Gitlab, Json, JsonLines, Junit, Markdown, Rdjson, Reporter, RulePage, Sarif,
    Text,
};

impl Format {
    /// Who writes it; some tell of rules, too.
    pub fn reporter<'r>(self, rules: &'r [RulePage]) -> Box<dyn Reporter + 'r> {
        match self {
            Format::Text => Box::new(Text),
            Format::Json => Box::new(Json),
            Format::Jsonl => Box::new(JsonLines),
            Format::Sarif => Box::new(Sarif { rules }),
            Format::Github => Box::new(Github),
            Format::Gitlab => Box::new(Gitlab),
            Format::Concise => Box::new(Concise),
            Format::Checkstyle => Box::new(Checkstyle),
            Format::Junit => Box::new(Junit),
            Format::Rdjson => Box::new(Rdjson),
            Format::Markdown => Box::new(Markdown),
        }
    }
}
