//! The packages that new declarations speak of, by the names they have in a file.

use crate::edit::callable_package;
use crate::go::{FileId, Package};
use crate::transform::{Reason, Refusal};

/// The names that packages have in one file, and the imports that they ask for.
pub struct Names<'p> {
    package: &'p Package,
    file: FileId,
    pub imports: Vec<String>,
}

impl<'p> Names<'p> {
    pub fn of(package: &'p Package, file: FileId) -> Self {
        Names {
            package,
            file,
            imports: Vec::new(),
        }
    }

    /// `sql.` for `database/sql`; nothing where its names stand for themselves.
    pub fn qualifier(&mut self, path: &str) -> Result<String, Refusal> {
        let import = self.package.file(self.file).import_of(path);
        let is_dotted = import.is_some_and(|import| import.alias.as_deref() == Some("."));
        if is_dotted || *path == *self.package.path {
            return Ok(String::new());
        }
        let name = callable_package(self.package, self.file, path).ok_or_else(|| taken(path))?;
        self.imports.push(path.to_owned());
        Ok(format!("{name}."))
    }
}

pub fn taken(path: &str) -> Refusal {
    Refusal::new(
        Reason::NameTaken,
        format!("package `{path}` cannot be called by its name in this file: something else has that name"),
    )
}
