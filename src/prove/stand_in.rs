//! Values that a test gives a handler: literals of its receiver and of the settings it reads.

use std::collections::{BTreeMap, BTreeSet};

use super::setting::{Root, Setting, UsedAs};
use crate::facts::paths;
use crate::go::{Package, Type, package_name};

/// What the values need around them.
#[derive(Clone, Debug, Default)]
pub struct Props {
    /// Import paths of packages whose types are named.
    pub imports: BTreeSet<String>,
    /// A folder of the test's own.
    pub folder: bool,
    /// A server that stands for other services.
    pub upstream: bool,
    /// A database in the process.
    pub database: bool,
    /// How slow others are.
    pub latency: bool,
}

/// Fields by name: a value, or the fields of a structure.
#[derive(Default)]
struct Structure {
    of: Option<Type>,
    value: Option<String>,
    fields: BTreeMap<String, Structure>,
}

/// The literal for a root of this type, with the settings below it: `Handlers{cfg: config.Config{DataDir: folder}}`.
pub fn literal(
    home: &Package,
    of: &Type,
    root: &Root,
    settings: &[Setting],
    props: &mut Props,
) -> Result<String, String> {
    let mut whole = Structure {
        of: Some(of.clone()),
        ..Structure::default()
    };
    for setting in settings.iter().filter(|setting| setting.root == *root) {
        let mut at = &mut whole;
        for (name, of) in &setting.fields {
            at = at.fields.entry(name.clone()).or_default();
            at.of = Some(of.clone());
        }
        let path: Vec<&str> = setting.fields.iter().map(|(name, _)| name.as_str()).collect();
        let shown = match (path.is_empty(), root) {
            (true, Root::Parameter(name) | Root::Variable(name)) => name.clone(),
            _ => path.join("."),
        };
        at.value = value(setting, &shown, props)?;
    }
    written(home, &whole, props)
}

fn written(home: &Package, structure: &Structure, props: &mut Props) -> Result<String, String> {
    if let (Some(value), true) = (&structure.value, structure.fields.is_empty()) {
        return Ok(value.clone());
    }
    let of = structure.of.as_ref().unwrap_or(&Type::Unknown);
    let Type::Named {
        path,
        name,
        arguments,
    } = of.pointee()
    else {
        return Err("a type on the way to what it uses is not known".to_owned());
    };
    if !arguments.is_empty() {
        return Err(format!("{path}.{name} has type arguments"));
    }
    let is_home = *path == home.path;
    let mut fields = Vec::new();
    for (field, inner) in &structure.fields {
        if inner.value.is_none() && inner.fields.is_empty() {
            continue;
        }
        if !is_home && field.starts_with(char::is_lowercase) {
            return Err(format!(
                "`{field}` of {path}.{name} cannot be set from a test of another package"
            ));
        }
        fields.push(format!("{field}: {}", written(home, inner, props)?));
    }
    let star = if matches!(of, Type::Pointer(_)) { "&" } else { "" };
    let qualifier = match is_home {
        true => String::new(),
        false => {
            props.imports.insert(path.to_string());
            format!("{}.", package_name(path))
        }
    };
    Ok(format!("{star}{qualifier}{name}{{{}}}", fields.join(", ")))
}

/// The value of one setting; none where its zero value does.
pub fn value(setting: &Setting, shown: &str, props: &mut Props) -> Result<Option<String>, String> {
    let value = match &setting.of {
        Type::Basic("string") => match setting.used_as {
            UsedAs::Path => {
                props.folder = true;
                "folder"
            }
            UsedAs::Address => {
                props.upstream = true;
                "upstream.URL"
            }
            UsedAs::Value => "\"unleak\"",
        },
        Type::Basic("bool") => return Ok(None),
        Type::Basic(name) if name.starts_with("int") || name.starts_with("uint") => "1",
        of if of.is(paths::TIME, "Duration") => {
            props.latency = true;
            "latency"
        }
        of @ Type::Pointer(_) if of.is(paths::DATABASE_SQL, "DB") => {
            props.database = true;
            "pool"
        }
        of @ Type::Pointer(_) if of.is(paths::NET_HTTP, "Client") => "&http.Client{}",
        Type::Named { path, .. } if matches!(&**path, paths::SYNC | paths::SYNC_ATOMIC) => return Ok(None),
        _ => {
            return Err(format!(
                "it needs `{shown}`, which a test cannot make without its own surroundings"
            ));
        }
    };
    Ok(Some(value.to_owned()))
}
