//! What a goroutine can still wait for once a repair has ended one of its waits.

use super::{Reason, Refusal, Related};
use crate::analysis::launch::{Launch, Party};
use crate::analysis::stay::{Stay, ends_past, is_reached_past, stays};
use crate::go::Declaration;
use crate::go::cfg::Cfg;
use crate::go::syntax::Node;

/// What a goroutine can still wait for when a repair has ended its wait for a channel.
pub struct Left<'a> {
    at: Declaration<'a>,
    function: Node<'a>,
    flow: Option<Cfg<'a>>,
    stays: Vec<Stay<'a>>,
    /// Whether the package under analysis holds it, so that its places can be told.
    is_here: bool,
}

impl<'a> Left<'a> {
    /// Of a party of the launch. The channels of the launch have findings of their own.
    pub fn of(launch: &Launch<'a>, party: Party) -> Self {
        let (at, function) = launch.home(party);
        let mut uses = launch.uses_of(party).map(|(_, held)| held.name);
        let names: Vec<Node<'a>> = uses.by_ref().collect();
        let mut stays = stays(at, function);
        stays.retain(|stay| !names.iter().any(|name| stay.at.contains(*name)));
        Left {
            at,
            function,
            flow: at.control_flow(function),
            stays,
            is_here: std::ptr::eq(at.package, launch.declaration.package),
        }
    }

    /// Where the goroutine may stay after the repair.
    pub fn told(&self) -> Vec<Related> {
        let stays = self.stays.iter().filter(|_| self.is_here);
        let told = stays.map(|stay| Related {
            place: self.at.place(stay.at),
            message: format!("the goroutine may still block for ever here: {}", stay.why),
        });
        told.collect()
    }

    /// Why no repair of these operations can help: the goroutine comes to none of them.
    pub fn check_before(&self, operations: &[Node<'a>]) -> Result<(), Refusal> {
        let reached = |flow: &Cfg<'a>, operation: Node<'a>| {
            operation.enclosing_function() != Some(self.function)
                || is_reached_past(flow, &self.stays, operation)
        };
        self.check(operations, &reached, "before it comes to")
    }

    /// Why a repair with which the goroutine goes on behind these operations does not end it.
    pub fn check_behind(&self, operations: &[Node<'a>]) -> Result<(), Refusal> {
        let ends = |flow: &Cfg<'a>, operation: Node<'a>| {
            operation.enclosing_function() != Some(self.function) || ends_past(flow, &self.stays, operation)
        };
        self.check(operations, &ends, "all the same behind")
    }

    fn check(
        &self,
        operations: &[Node<'a>],
        is_well: &dyn Fn(&Cfg<'a>, Node<'a>) -> bool,
        when: &str,
    ) -> Result<(), Refusal> {
        let always = self.stays.iter().find(|stay| stay.always);
        let (Some(flow), Some(stay), Some(first)) = (&self.flow, always, operations.first()) else {
            return Ok(());
        };
        if operations.iter().any(|operation| is_well(flow, *operation)) {
            return Ok(());
        }
        let line = |node: Node<'a>| self.at.file().lines().position(node.start()).line;
        let message = format!(
            "the goroutine blocks for ever in line {}, {when} line {}: {}; end that wait first",
            line(stay.at),
            line(*first),
            stay.why
        );
        Err(Refusal::new(Reason::ControlFlow, message))
    }
}
