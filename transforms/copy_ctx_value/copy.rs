//! How a string or slice gets memory of its own, in the Go version at hand.

use super::accessor::Shape;
use super::flow::Kept;
use super::loan::Spot;
use crate::edit::Rewrite;
use crate::facts::paths;
use crate::frameworks::Version;
use crate::go::Declaration;
use crate::go::syntax::Node;
use crate::text::Edit;
use crate::transform::{Applicability, Fix, Pass, Reason, Refusal};

/// `node`, copied: `strings.Clone(x)`, or what older versions of Go have instead.
pub fn copied(
    rewrite: &mut Rewrite,
    at: Declaration<'_>,
    node: Node<'_>,
    shape: Shape,
) -> Result<String, Refusal> {
    let text = node.text();
    let module = at.package.module.as_deref();
    let has_go = |minor| module.is_none_or(|module| module.has_go(1, minor));
    let mut call = |path: &str, function: &str| {
        let package = rewrite.package_at(at, path, node).ok_or_else(|| {
            let why =
                format!("the name of the package {path} means something else here: copy the value by hand");
            Refusal::new(Reason::NameTaken, why)
        })?;
        Ok(format!("{package}.{function}({text})"))
    };
    match shape {
        Shape::Bytes if has_go(20) => call(paths::BYTES, "Clone"),
        Shape::Bytes => Ok(format!("append([]byte(nil), {text}...)")),
        _ if has_go(18) => call(paths::STRINGS, "Clone"),
        _ if at.file().import_of(Version::V2.import_path()).is_some() => {
            call(paths::FIBER_V2_UTILS, "CopyString")
        }
        // Converting there and back copies in every version.
        _ => Ok(format!("string([]byte({text}))")),
    }
}

/// Moves the copies of a string that several places keep to where it is lent, where one serves them all.
pub fn share<'a>(groups: &mut [Vec<Kept<'a>>]) {
    let mut spots: Vec<(Spot<'a>, Spot<'a>)> = Vec::new();
    for loan in groups.iter().flatten().map(|kept| &kept.loan) {
        if let (Some(source), Some(spot)) = (loan.source, loan.spot)
            && !spots.contains(&(source, spot))
        {
            spots.push((source, spot));
        }
    }
    let lenders = |wanted: Spot<'a>| spots.iter().filter(|(_, spot)| *spot == wanted).count();
    for loan in groups.iter_mut().flatten().map(|kept| &mut kept.loan) {
        let of_it = spots.iter().filter(|(source, _)| Some(*source) == loan.source);
        // A place that has its string from here or from elsewhere is where one copy serves both.
        let is_shared = of_it.clone().count() > 1 && { of_it }.all(|(_, spot)| lenders(*spot) == 1);
        if loan.spot.is_some() && is_shared {
            loan.spot = loan.source;
        }
    }
}

/// The fix that copies, at each of its spots, what is kept.
pub fn fix(pass: &Pass<'_>, kept: &[Kept<'_>]) -> Result<Fix, Refusal> {
    let mut rewrite = Rewrite::new();
    let mut done: Vec<Spot<'_>> = Vec::new();
    for loan in kept.iter().map(|kept| &kept.loan) {
        let spot = loan.spot.ok_or_else(|| {
            let origin = loan.origin.1.text();
            let why = format!(
                "no single copy is enough for what `{origin}` lends: copy the strings that are kept, each with strings.Clone"
            );
            Refusal::new(Reason::NeedsDecision, why)
        })?;
        if !std::ptr::eq(spot.at.package, pass.package) {
            let why = format!(
                "the string comes out of `{}`, in another package: copy it there",
                spot.at.title()
            );
            return Err(Refusal::new(Reason::UsedElsewhere, why));
        }
        let at_origin = |other: &Kept<'_>| {
            let copies = other.loan.spot.is_some_and(|spot| spot.node == loan.origin.1);
            copies && spot.node != loan.origin.1
        };
        if done.contains(&spot) || spot.node.text().is_empty() || kept.iter().any(at_origin) {
            continue;
        }
        let text = copied(&mut rewrite, spot.at, spot.node, spot.shape)?;
        let edit = Edit::replace(spot.node.span(), text);
        rewrite.edit(spot.at.id.file, edit).map_err(|_| {
            Refusal::new(
                Reason::NeedsDecision,
                "one of the strings is a part of another: copy them by hand",
            )
        })?;
        done.push(spot);
    }
    let title = match done.as_slice() {
        [one] if one.shape == Shape::Bytes => "Copy the bytes that are kept".to_owned(),
        [_] => "Copy the string that is kept".to_owned(),
        _ => "Copy the strings that are kept".to_owned(),
    };
    Ok(Fix::new(title, Applicability::Safe, rewrite))
}
