//! The files that a handler opens, as a test has to make them.

use super::scene::Scene;
use super::setting::{UsedAs, argument};
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Callee, Declaration, Meaning};

/// Makes the files that the handler opens, where their names are foreseen.
pub fn foresee(scene: &mut Scene<'_>) -> Result<(), String> {
    for (at, name) in scene.files.clone() {
        let parts = parts(at, name, scene, 3).ok_or("it opens a file whose name a test cannot foresee")?;
        let made = match parts.as_slice() {
            [Part::Folder, rest @ ..] => {
                let rest: Vec<String> = rest.iter().map(|part| format!("{:?}", part.text())).collect();
                format!("filepath.Join(folder, {})", rest.join(", "))
            }
            // A plain name lies in the folder of the process, which the test can choose.
            [Part::Name(name)] if !name.contains('/') => {
                scene.chdir = true;
                format!("{name:?}")
            }
            _ => return Err("it opens a file outside a folder that a test can choose".to_owned()),
        };
        if !scene.made.contains(&made) {
            scene.made.push(made);
        }
    }
    Ok(())
}

enum Part {
    /// A setting, which the test sets to a folder of its own.
    Folder,
    Name(String),
}

impl Part {
    fn text(&self) -> &str {
        match self {
            Part::Folder => "",
            Part::Name(name) => name,
        }
    }
}

fn parts(at: Declaration<'_>, name: Node<'_>, scene: &Scene<'_>, depth: u32) -> Option<Vec<Part>> {
    let name = name.unparenthesized();
    match name.kind() {
        Kind::InterpretedStringLiteral => {
            let text = name.text().trim_matches('"');
            (!text.contains('\\')).then(|| vec![Part::Name(text.to_owned())])
        }
        Kind::SelectorExpression => {
            let setting = scene
                .settings
                .iter()
                .filter(|setting| setting.used_as == UsedAs::Path);
            let field = name.field(Field::Field)?.text();
            let mut named =
                setting.filter(|setting| setting.fields.last().is_some_and(|(last, _)| last == field));
            named.next().map(|_| vec![Part::Folder])
        }
        Kind::Identifier => {
            let Meaning::Local(id) = at.resolve(name) else {
                return None;
            };
            let origin = at.tree().node(at.scopes().get(id).origin);
            parts(
                at,
                origin.field(Field::Right)?.child(0)?,
                scene,
                depth.checked_sub(1)?,
            )
        }
        Kind::CallExpression => call_parts(at, name, scene, depth),
        _ => None,
    }
}

fn call_parts(at: Declaration<'_>, call: Node<'_>, scene: &Scene<'_>, depth: u32) -> Option<Vec<Part>> {
    let Callee::External { path, name, .. } = at.callee(call) else {
        return None;
    };
    let depth = depth.checked_sub(1)?;
    match (&*path, &*name) {
        (paths::PATH_FILEPATH | paths::PATH, "Join") => {
            let arguments = call.field(Field::Arguments)?.children();
            let parts: Option<Vec<Vec<Part>>> = arguments.map(|part| parts(at, part, scene, depth)).collect();
            parts.map(|parts| parts.into_iter().flatten().collect())
        }
        (paths::PATH_FILEPATH | paths::PATH, "Base" | "Clean") | (paths::STRINGS, "Clone") => {
            parts(at, argument(call, 0)?, scene, depth)
        }
        // What the test puts into the path of its request.
        (path, "Params") if path.starts_with(paths::FIBER) => Some(vec![Part::Name("1".to_owned())]),
        _ => None,
    }
}
