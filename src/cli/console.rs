//! The two streams: the product on stdout (or in a file), everything else on stderr.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result};

use super::args::OutputOptions;
use super::interrupt::Whole;
use crate::config::Config;
use crate::report::{
    Color, Report, Run, skipped_line, summary_line, unresolved_line, write_diagnostics, write_remains,
};
use crate::text::{printable, printable_lines};
use crate::workspace;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default().bold();

/// Where the program speaks.
pub struct Console {
    color: Color,
    quiet: bool,
    verbose: bool,
}

impl Console {
    pub fn new(voice: &OutputOptions) -> Self {
        let color = Color::from(voice.color);
        match color {
            Color::Auto => {}
            Color::Always => ColorChoice::Always.write_global(),
            Color::Never => ColorChoice::Never.write_global(),
        }
        Console {
            color,
            quiet: voice.quiet,
            verbose: voice.verbose,
        }
    }

    /// Writes the product, whole or, where the run is to end, not at all: in colour where stdout wants it, without in a
    /// file. A reader that has seen enough and closed the pipe is no error.
    pub fn product(
        &self,
        output: Option<&Path>,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<()> {
        let Some(_whole) = Whole::begin() else {
            return Ok(());
        };
        if let Some(path) = output {
            let mut bytes = Vec::new();
            write(&mut anstream::StripStream::new(&mut bytes)).context("cannot make the report")?;
            return workspace::put(path, &bytes);
        }
        let mut stdout = BufWriter::new(self.color.stream(io::stdout().lock()));
        match write(&mut stdout).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write to stdout"),
        }
    }

    /// A part of the product that someone may be waiting for.
    pub fn flush(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        let mut stdout = BufWriter::new(self.color.stream(io::stdout().lock()));
        write(&mut stdout).and_then(|()| stdout.flush())
    }

    /// Bytes that are the product as they are, and never coloured. Only on a terminal, which would obey them, control
    /// characters are spelled out.
    pub fn bytes(&self, output: Option<&Path>, bytes: &[u8]) -> Result<()> {
        let Some(_whole) = Whole::begin() else {
            return Ok(());
        };
        if let Some(path) = output {
            return workspace::put(path, bytes);
        }
        let mut stdout = io::stdout().lock();
        let bytes = match stdout.is_terminal() {
            true => Cow::Owned(printable_lines(bytes).into_bytes()),
            false => Cow::Borrowed(bytes),
        };
        match stdout.write_all(&bytes).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.context("cannot write to stdout"),
        }
    }

    /// What the run says about itself.
    pub fn closing(&self, report: &Report, run: Run) {
        if self.quiet {
            return;
        }
        self.say(|stderr| {
            write_diagnostics(report, stderr)?;
            for version in &report.unknown_versions {
                let version = printable(version.to_string().as_bytes()).to_string();
                writeln!(stderr, "{NOTE}note{NOTE:#}: {version}")?;
            }
            if self.verbose {
                for cut in &report.cuts {
                    let cut = printable(cut.to_string().as_bytes()).to_string();
                    writeln!(stderr, "{NOTE}note{NOTE:#}: {cut}")?;
                }
                for skip in &report.files.skipped {
                    let reason = serde_json::to_string(&skip.reason).unwrap_or_default();
                    let path = printable(skip.path.as_bytes());
                    writeln!(stderr, "left out: {path} ({})", reason.trim_matches('"'))?;
                }
                for path in &report.summary.unresolved_packages {
                    writeln!(stderr, "not resolved: {}", printable(path.as_bytes()))?;
                }
                if let Some(line) = skipped_line(report) {
                    writeln!(stderr, "{line}")?;
                }
            }
            // A report tells them beside their findings, a patch has no place for them.
            if run == Run::DryRun {
                write_remains(report, stderr)?;
            }
            if let Some(line) = unresolved_line(report) {
                writeln!(stderr, "{}", printable(line.as_bytes()))?;
            }
            writeln!(stderr, "{}", summary_line(report, run))
        });
    }

    pub fn error(&self, message: &str) {
        let message = clean(message);
        self.say(|stderr| writeln!(stderr, "{ERROR}error{ERROR:#}: {message}"));
    }

    pub fn note(&self, message: &str) {
        if !self.quiet {
            let message = clean(message);
            self.say(|stderr| writeln!(stderr, "{NOTE}note{NOTE:#}: {message}"));
        }
    }

    /// How what the config spells in an old way is spelt now.
    pub fn hints(&self, config: &Config) {
        config.hints.iter().for_each(|hint| self.note(hint));
    }

    /// How far the run has come.
    pub fn status(&self, message: &str) {
        if !self.quiet {
            let message = clean(message);
            self.say(|stderr| writeln!(stderr, "{message}"));
        }
    }

    /// Nobody can be told that stderr is gone.
    fn say(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
        let _ = write(&mut self.color.stream(io::stderr().lock()));
    }
}

/// Names of files can hold anything; lines of our own stay lines.
fn clean(message: &str) -> String {
    let lines: Vec<_> = message.lines().map(|line| printable(line.as_bytes())).collect();
    lines.join("\n")
}
