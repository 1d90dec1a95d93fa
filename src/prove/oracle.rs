//! What tells that a leak is back: the figure that grows, by rule.

use super::lateness;
use super::scene::Scene;
use crate::frameworks::Handler;
use crate::transform::Rule;

/// A figure that must not grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Oracle {
    Goroutines,
    /// `DB.Stats().InUse`
    Connections,
    /// Prepared statements that the database holds open.
    Statements,
    /// Connections that the database was asked for.
    Dials,
    Descriptors,
    /// Request contexts that the garbage collector cannot take.
    Contexts,
}

/// Whether a figure is known for the rule. Other rules of goroutines need a client that leaves, or a chance that a
/// test cannot bring about.
pub fn tells(rule: &Rule) -> bool {
    matches!(
        &*rule.slug,
        "per-request-sql-open"
            | "unclosed-rows"
            | "unfinished-tx"
            | "unclosed-conn"
            | "unclosed-stmt"
            | "unclosed-response-body"
            | "unclosed-file"
            | "unclosed-upload"
            | "retained-context"
            | "blocked-send"
            | "blocked-receive"
            | "unclosed-channel"
    )
}

/// The figures for these rules, all of which [`tells`] knows, sorted; or why none tells here.
pub fn choose(rules: &[&Rule], scene: &Scene<'_>, handler: &Handler<'_>) -> Result<Vec<Oracle>, String> {
    let mut oracles = Vec::new();
    for rule in rules {
        oracles.push(of_rule(rule, scene, handler)?);
    }
    oracles.sort_unstable();
    oracles.dedup();
    Ok(oracles)
}

fn of_rule(rule: &Rule, scene: &Scene<'_>, handler: &Handler<'_>) -> Result<Oracle, String> {
    match &*rule.slug {
        "per-request-sql-open" => of_opened_pool(scene),
        "unclosed-rows" | "unfinished-tx" | "unclosed-conn" => of_pool(scene).map(|()| Oracle::Connections),
        "unclosed-stmt" => of_pool(scene).map(|()| Oracle::Statements),
        "unclosed-response-body" => match scene.asks {
            true => Ok(Oracle::Descriptors),
            false => Err("the request to the other service is not seen".to_owned()),
        },
        "unclosed-file" | "unclosed-upload" => Ok(Oracle::Descriptors),
        "retained-context" => Ok(Oracle::Contexts),
        _ => lateness::check(scene, handler).map(|()| Oracle::Goroutines),
    }
}

/// A pool that stays open has a goroutine; one that is closed at return shows in its dials only.
fn of_opened_pool(scene: &Scene<'_>) -> Result<Oracle, String> {
    let drivers: Vec<&Option<String>> = scene.opened.iter().collect();
    match (drivers.as_slice(), scene.closes_pool, &scene.unlinked) {
        ([], _, _) => Err("the call that opens the pool is not seen".to_owned()),
        (_, _, Some(_)) => Ok(Oracle::Dials),
        (_, false, None) => Ok(Oracle::Goroutines),
        (_, true, None) => {
            Err("it closes its pool at return, so only the database could count what it costs".to_owned())
        }
    }
}

fn of_pool(scene: &Scene<'_>) -> Result<(), String> {
    match scene.pools().next() {
        Some(_) => Ok(()),
        None => {
            Err("it needs a database: its pool is not a field or variable that a test can set".to_owned())
        }
    }
}
