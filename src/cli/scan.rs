use anyhow::Result;

use super::args::Scan;
use super::format::products;
use super::{Console, Exit, Judges};
use crate::job::reported;
use crate::report::Run;

/// Reports leak sites; never writes.
pub fn scan(args: &Scan, console: &Console) -> Result<Exit> {
    let products = products(&args.format, args.selection.output.as_deref())?;
    let config = args.selection.config()?;
    let judges = Judges::default();
    let job = args.selection.job(&config, &judges);
    let mut survey = job.run(|analysis, _| reported(&analysis, None))?;
    let findings = std::mem::take(&mut survey.results)
        .into_iter()
        .flatten()
        .collect();
    let report = survey.report(findings);
    args.selection.write(&report, &products, &config, console)?;
    console.closing(&report, Run::Scan);
    Ok(args.selection.exit(&report, false))
}
