//! What the checker says against code that nobody changed, and how much it has read.

use crate::go::check::{of_declaration, of_file};
use crate::go::{FileId, Package};

/// What was said of one package.
pub struct Checked {
    complaints: Vec<String>,
    lines: usize,
    declarations: usize,
}

pub fn checked(package: &Package) -> Checked {
    let files = (0..package.files.len()).map(FileId);
    let of_files = files.flat_map(|id| of_file(package, id));
    let of_declarations = package.declarations().flat_map(of_declaration);
    let told = of_files.chain(of_declarations).map(|complaint| {
        let file = package.file(complaint.place.file);
        let line = file.lines().position(complaint.place.span.start).line;
        format!("{}:{line}: {complaint}\n", file.path)
    });
    Checked {
        complaints: told.collect(),
        lines: package.files.iter().map(|file| newlines(&file.source)).sum(),
        declarations: package.declarations().count(),
    }
}

fn newlines(source: &[u8]) -> usize {
    source.iter().filter(|byte| **byte == b'\n').count()
}

/// All complaints, and the figures.
pub fn table(packages: Vec<Checked>) -> String {
    let sum = |of: fn(&Checked) -> usize| packages.iter().map(of).sum::<usize>();
    let figures = format!(
        "{} complaints about {} declarations in {} packages, {} lines\n",
        sum(|of| of.complaints.len()),
        sum(|of| of.declarations),
        packages.len(),
        sum(|of| of.lines),
    );
    let complaints = packages.iter().flat_map(|of| &of.complaints);
    complaints.cloned().chain([figures]).collect()
}
