//! Whether a test can bring a goroutine to the point where it is blocked for ever. Where the handler waits for it with
//! a limit, the goroutine has to be late, and only a pause in it can be made long.

use super::scene::Scene;
use crate::frameworks::Handler;
use crate::go::syntax::{Kind, Node};

pub fn check(scene: &Scene<'_>, handler: &Handler<'_>) -> Result<(), String> {
    let waits = handler
        .body()
        .is_some_and(|body| body.shallow_descendants().any(receives));
    match waits && !scene.sleeps {
        true => Err("whether its goroutine comes too late is not in the hands of a test".to_owned()),
        false => Ok(()),
    }
}

fn receives(node: Node<'_>) -> bool {
    node.is(Kind::ReceiveStatement)
        || (node.is(Kind::UnaryExpression) && node.operator() == Some(Kind::Arrow))
}
