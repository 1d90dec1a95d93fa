//! From arguments to a config and a job.

use anyhow::Result;

use super::args::Selection;
use super::console::Console;
use super::exit::Exit;
use super::format::Product;
use super::interrupt::STOP;
use super::rules;
use super::verifiers::Verifiers;
use crate::config::Config;
use crate::engine::Formatter;
use crate::job::Job;
use crate::report::Report;
use crate::transforms::suite;
use crate::workspace::{Overlay, WalkOptions};

impl Selection {
    pub fn config(&self) -> Result<Config> {
        let base = Some(self.path_base.as_path());
        let mut config = self.settings.config(&self.paths, base, self.untrusted)?;
        set(&mut config.select, &self.select);
        set(&mut config.ignore, &self.ignore);
        if let Some(level) = self.min_confidence {
            config.min_confidence = level.into();
        }
        config.profile = self.profile.into();
        rules::known_in(&config, &self.select)?;
        rules::known_in(&config, &self.ignore)?;
        Ok(config)
    }

    pub fn job<'a>(&'a self, config: &'a Config, judges: &'a Verifiers) -> Job<'a> {
        Job {
            suite: suite(),
            config,
            formatter: judges.gofmt.as_ref().map(|gofmt| gofmt as &dyn Formatter),
            toolchain: judges.toolchain.as_ref(),
            paths: &self.paths,
            base: Some(&self.path_base),
            walk: WalkOptions {
                no_ignore: self.no_ignore,
                tests: self.tests,
                threads: self.jobs,
            },
            overlay: Overlay::default(),
            stop: &STOP,
        }
    }

    /// Writes the report in each format where it belongs.
    pub fn write(
        &self,
        report: &Report,
        products: &[Product<'_>],
        config: &Config,
        console: &Console,
    ) -> Result<()> {
        let rules = rules::pages(config);
        for (format, file) in products {
            let reporter = format.reporter(&rules);
            console.product(*file, |out| reporter.report(report, out))?;
        }
        Ok(())
    }

    /// The exit code for what is left.
    pub fn exit(&self, report: &Report, is_patch: bool) -> Exit {
        let mut remaining = report.remaining();
        let is_found = is_patch || remaining.any(|finding| self.fail_on.is_reached(finding.severity));
        match (report.is_incomplete, is_found && !self.exit_zero) {
            (true, _) => Exit::Trouble,
            (false, true) => Exit::Found,
            (false, false) => Exit::Clean,
        }
    }
}

/// What was given on the command line has the last word.
pub fn set(list: &mut Vec<String>, given: &[String]) {
    if !given.is_empty() {
        *list = given.to_vec();
    }
}
