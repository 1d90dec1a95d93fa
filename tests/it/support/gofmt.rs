//! The real gofmt as a judge of fixtures.

use unleak::engine::Formatter;
use unleak::workspace::Gofmt;

pub struct RealGofmt(Gofmt);

/// gofmt, or one visible line where it is absent; an error where Go is required.
pub fn find() -> Option<RealGofmt> {
    let found = Gofmt::find().map(RealGofmt);
    if found.is_none() {
        assert!(
            std::env::var_os("UNLEAK_REQUIRE_GO").is_none(),
            "gofmt is required and absent"
        );
        eprintln!("skipped: gofmt is not on this machine, formatting was not checked");
    }
    found
}

impl Formatter for RealGofmt {
    fn format(&self, sources: &[&[u8]]) -> Vec<Result<Vec<u8>, String>> {
        self.0.format(sources).expect("gofmt runs")
    }
}
