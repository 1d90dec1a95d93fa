//! Reports leak sites.

use anyhow::Result;

use super::args::Scan;
use super::console::Console;
use super::exit::Exit;
use super::format::products;
use super::stream::{self, Lines};
use super::verifiers::Verifiers;
use crate::engine::{Analysis, Engine};
use crate::job::reported;
use crate::report::Run;

/// Reports leak sites; never writes.
pub fn scan(args: &Scan, console: &Console) -> Result<Exit> {
    let products = products(&args.format, args.selection.output.as_deref())?;
    let config = args.selection.config()?;
    console.hints(&config);
    let judges = Verifiers::default();
    let job = args.selection.job(&config, &judges);
    let look = |analysis: Analysis, _: &Engine<'_>| reported(&analysis, None);
    let (streamed, products) = stream::split(products);
    let mut survey = if streamed {
        let lines = Lines::new(console);
        let survey = job.run_followed(look, Some(&|session, findings| lines.folder(session, findings)))?;
        lines.end()?;
        survey
    } else {
        job.run(look)?
    };
    let findings = std::mem::take(&mut survey.results)
        .into_iter()
        .flatten()
        .collect();
    let report = survey.report(findings);
    args.selection.write(&report, &products, &config, console)?;
    console.closing(&report, Run::Scan);
    Ok(args.selection.exit(&report, false))
}
