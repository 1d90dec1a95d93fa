//! `--format FORMAT[=FILE]`: the formats by name.

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::{EnumValueParser, PossibleValue, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, ValueEnum};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Text,
    /// One document
    Json,
    /// One finding a line
    Jsonl,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of a GitHub workflow
    Github,
    /// GitLab's Code Quality report
    Gitlab,
    /// One line a finding
    Concise,
    /// Checkstyle's XML
    Checkstyle,
    /// JUnit's XML: a failed test for each finding
    Junit,
    /// Reviewdog's JSON, with suggestions
    Rdjson,
    /// A table, for the summary of a job
    Markdown,
}

/// One `--format` as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub format: Format,
    /// Stdout, or the file of `--output`, where there is none.
    pub file: Option<PathBuf>,
}

/// Reads [`Wanted`]; lists the formats, and finds the nearest to a mistyped one, as for a plain name.
#[derive(Clone)]
pub struct WantedParser;

impl TypedValueParser for WantedParser {
    type Value = Wanted;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<Wanted, clap::Error> {
        let (name, file) = match value.to_str().and_then(|value| value.split_once('=')) {
            Some((name, file)) => (OsStr::new(name), Some(file)),
            None => (value, None),
        };
        let format = EnumValueParser::<Format>::new().parse_ref(command, arg, name)?;
        if file == Some("") {
            let name = name.to_string_lossy();
            let message = format!("`{name}=` names no file; write {name}=FILE, or {name} alone for stdout\n");
            let error = clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command);
            return Err(error);
        }
        let file = file.map(PathBuf::from);
        Ok(Wanted { format, file })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let formats = Format::value_variants().iter();
        Some(Box::new(formats.filter_map(Format::to_possible_value)))
    }
}
