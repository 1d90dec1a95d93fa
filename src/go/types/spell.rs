//! Types as text: full import paths, no aliases, no parameter names; `?` for what is unknown.

use std::fmt::{Display, Formatter, Result};

use super::{InterfaceType, Signature, StructField, Type};

impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Type::Unknown => write!(f, "?"),
            Type::Basic(name) => write!(f, "{}", basic(name)),
            Type::Named {
                path,
                name,
                arguments,
            } => {
                write!(f, "{path}.{name}")?;
                match arguments.is_empty() {
                    true => Ok(()),
                    false => write!(f, "[{}]", Listed(arguments)),
                }
            }
            Type::Local(local) => write!(f, "{}.{}", local.path, local.name),
            Type::Parameter(name) => write!(f, "{name}"),
            Type::Pointer(to) => write!(f, "*{to}"),
            Type::Slice(element) => write!(f, "[]{element}"),
            Type::Array(array) => match array.length {
                Some(length) => write!(f, "[{length}]{}", array.element),
                None => write!(f, "[?]{}", array.element),
            },
            Type::Map(key, value) => write!(f, "map[{key}]{value}"),
            Type::Chan(channel) => write!(f, "{}{}", channel.direction.spelled(), channel.element),
            Type::Func(signature) => write!(f, "func{signature}"),
            Type::Struct(fields) => write!(f, "struct{{{}}}", Members(fields)),
            Type::Interface(interface) => write!(f, "{interface}"),
            Type::Tuple(types) => write!(f, "({})", Listed(types)),
        }
    }
}

/// The name that two spellings of one type share.
fn basic(name: &str) -> &str {
    match name {
        "byte" => "uint8",
        "rune" => "int32",
        other => other,
    }
}

struct Listed<'a>(&'a [Type]);

impl Display for Listed<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (at, of) in self.0.iter().enumerate() {
            write!(f, "{}{of}", if at > 0 { ", " } else { "" })?;
        }
        Ok(())
    }
}

struct Members<'a>(&'a [StructField]);

impl Display for Members<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for (at, field) in self.0.iter().enumerate() {
            write!(f, "{}{} {}", if at > 0 { "; " } else { "" }, field.name, field.of)?;
        }
        Ok(())
    }
}

impl Display for Signature {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self.parameters.as_deref() {
            None => write!(f, "(?)")?,
            Some([before @ .., Type::Slice(last)]) if self.variadic => {
                let comma = if before.is_empty() { "" } else { ", " };
                write!(f, "({}{comma}...{last})", Listed(before))?;
            }
            Some(parameters) => write!(f, "({})", Listed(parameters))?,
        }
        write!(f, "({})", Listed(&self.results))
    }
}

/// Methods in the order of their names. What is embedded is shown as such.
impl Display for InterfaceType {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if *self == InterfaceType::default() {
            return write!(f, "any");
        }
        let mut methods = self.methods.clone();
        methods.sort_by(|one, other| one.name.cmp(&other.name));
        write!(f, "interface{{{}", Members(&methods))?;
        for of in self.embedded.iter().chain(&self.terms) {
            write!(f, "; +{of}")?;
        }
        write!(f, "}}")
    }
}
