//! Where a new pool is declared.

use super::draft::Draft;
use super::pool::{Source, data_source};
use super::uses::Limit;
use crate::edit::{ImportNeed, insert_declaration_after, insert_first_declaration};
use crate::go::syntax::Kind;
use crate::go::{DeclKind, Declaration, FileId, Meaning, Package, SourceFile};
use crate::transform::{Reason, Refusal};

/// Where a new pool is declared.
pub enum Place<'a> {
    /// Behind the declaration of its data source.
    Behind(Declaration<'a>),
    /// At the head of the file that opens.
    Head(FileId),
}

impl<'a> Place<'a> {
    pub fn of(draft: &Draft<'a>, limits: &[Limit<'_>]) -> Self {
        let here = draft.opening.at.id.file;
        let source = data_source(draft).and_then(|node| match draft.opening.at.resolve(node) {
            Meaning::Package(declaration) if node.is(Kind::Identifier) => Some(declaration),
            _ => None,
        });
        let is_free = draft.arguments.locals.is_empty()
            && !draft.arguments.qualified
            && !limits.iter().any(|limit| limit.value.qualified)
            && !is_constrained(draft.opening.at.file());
        let fits = |declaration: &Declaration<'a>| {
            let file = declaration.file();
            let is_apart = is_constrained(file)
                || file.is_generated()
                || draft.opening.at.package.context.contains(&declaration.id.file);
            let is_value = matches!(declaration.kind(), DeclKind::Const | DeclKind::Var);
            is_value && (declaration.id.file == here || (is_free && !is_apart))
        };
        source.filter(fits).map_or(Place::Head(here), Place::Behind)
    }

    pub fn file(&self) -> FileId {
        match self {
            Place::Behind(declaration) => declaration.id.file,
            Place::Head(file) => *file,
        }
    }

    pub fn declare(
        &self,
        package: &Package,
        lines: &[String],
        imports: Vec<ImportNeed>,
    ) -> Result<Source, Refusal> {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let edit = match self {
            Place::Behind(declaration) => insert_declaration_after(*declaration, &lines),
            Place::Head(file) => insert_first_declaration(package, *file, &lines),
        };
        let file = self.file();
        let edit = edit.ok_or_else(|| {
            Refusal::new(
                Reason::ControlFlow,
                "the imports share their line with other code: put them on lines of their own",
            )
        })?;
        Ok(Source::New { file, edit, imports })
    }
}

/// Whether the file is only sometimes part of the package, so that others cannot count on it.
pub fn is_constrained(file: &SourceFile) -> bool {
    const PLATFORMS: [&str; 21] = [
        "386", "aix", "amd64", "android", "arm", "arm64", "darwin", "freebsd", "ios", "js", "linux",
        "loong64", "mips64", "netbsd", "openbsd", "ppc64le", "riscv64", "s390x", "solaris", "wasm",
        "windows",
    ];
    let head = &file.source[..file.package_end.min(file.source.len())];
    let says = |text: &[u8]| memchr::memmem::find(head, text).is_some();
    let name = file.path.strip_suffix(".go").unwrap_or(&file.path);
    let suffix = name
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('_'))
        .map(|(_, suffix)| suffix);
    file.is_test()
        || says(b"//go:build")
        || says(b"// +build")
        || suffix.is_some_and(|suffix| PLATFORMS.contains(&suffix))
}
