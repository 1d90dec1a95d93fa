#![doc = include_str!("explain.md")]

use std::sync::Arc;

use crate::config::Config;
use crate::fiber::Handler;
use crate::go::Declaration;
use crate::go::syntax::{Field, Kind, Node};
use crate::leak::request::request_path;
use crate::transform::{
    Applicability, Confidence, Family, Finding, Fix, Pass, Refusal, Related, Rule, Severity, Transform,
};

mod flow;
mod gate;
mod keeper;
mod middleware;
mod owner;
mod repair;
mod traffic;

use flow::Store;
use keeper::Effect;
use owner::{Outlives, container};
use repair::Remedy;

pub struct DropRetainedCtx;

/// A statement that keeps a request context beyond its request.
pub struct Site<'a> {
    store: Store<'a>,
    /// Made with those of the other sites: what one fix deletes, another may count on.
    remedy: Remedy,
}

impl Transform for DropRetainedCtx {
    type Site<'a> = Site<'a>;

    fn name(&self) -> &'static str {
        "drop_retained_ctx"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn is_about_fiber(&self) -> bool {
        true
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        vec![rule()]
    }

    fn needles(&self, _config: &Config) -> Vec<String> {
        vec![gate::CONTEXT.to_owned()]
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Site<'a>> {
        let stores = retaining_stores(pass);
        let remedies = repair::remedies(pass, &stores);
        let sites = stores
            .into_iter()
            .zip(remedies)
            .map(|(store, remedy)| Site { store, remedy });
        // Where it is not sure that the owner outlives the request, a store that nobody reads is useless at least.
        sites
            .filter(|site| site.store.outlives == Outlives::Surely || site.remedy.is_ok())
            .collect()
    }

    fn finding(&self, pass: &Pass<'_>, site: &Site<'_>) -> Finding {
        let store = &site.store;
        let owner = store.owner.described(pass.package);
        let declared = store.owner.place(pass.package).map(|place| Related {
            place,
            message: "declared here".to_owned(),
        });
        Finding {
            rule: rule(),
            place: store.declaration.place(store.statement),
            message: format!(
                "the request context is kept in {owner} after its request, when Fiber hands it to another"
            ),
            confidence: match store.outlives {
                Outlives::Surely => Confidence::High,
                Outlives::Likely => Confidence::Medium,
            },
            function: Some(store.declaration.title()),
            related: declared.into_iter().collect(),
        }
    }

    fn fix(&self, _pass: &Pass<'_>, site: &Site<'_>) -> Result<Vec<Fix>, Refusal> {
        site.remedy.clone()
    }
}

fn rule() -> Arc<Rule> {
    Arc::new(Rule {
        slug: "retained-context".into(),
        title: "A request context is stored where it outlives its request".to_owned(),
        family: Family::Retain,
        severity: Severity::Medium,
        applicability: Applicability::Safe,
        transform: "drop_retained_ctx",
    })
}

/// The stores of the package that keep a context, each once.
fn retaining_stores<'a>(pass: &Pass<'a>) -> Vec<Store<'a>> {
    let declarations = pass
        .package
        .declarations()
        .filter(|declaration| gate::may_store(declaration.bytes()));
    let handlers = declarations
        .filter(|declaration| declaration.is_sound())
        .flat_map(Handler::all_of);
    let mut found: Vec<Store<'a>> = Vec::new();
    for store in handlers.flat_map(|handler| flow::stores(&handler)) {
        let known =
            |held: &Store<'_>| held.declaration == store.declaration && held.statement == store.statement;
        if !found.iter().any(known) && retains(&store) {
            found.push(store);
        }
    }
    found
}

fn retains(store: &Store<'_>) -> bool {
    let in_test = store.declaration.file().is_test() && matches!(store.owner, owner::Owner::Captured(..));
    !in_test && !is_abandoned(store) && !is_released(store) && !waits_for_receiver(store)
}

/// In v3 a handler can keep its context out of the pool.
fn is_abandoned(store: &Store<'_>) -> bool {
    store.function.descendants().any(|node| {
        let name = node
            .field(Field::Field)
            .filter(|_| node.is(Kind::SelectorExpression));
        name.is_some_and(|name| name.text() == "Abandon")
    })
}

/// Whether the request takes out again what it puts in: after the store, deferred, or in another function that
/// runs for a request.
fn is_released(store: &Store<'_>) -> bool {
    let package = store.declaration.package;
    store.owner.mentions(package).into_iter().any(|(at, mention)| {
        let here = at == store.declaration && store.function.contains(mention);
        let later =
            || mention.start() > store.statement.end() || mention.enclosing(Kind::DeferStatement).is_some();
        let released = || match here {
            true => later(),
            false => request_path(at, mention).is_some(),
        };
        removes(at, mention) && released()
    })
}

/// Whether the owner mentioned here loses a value: `delete(m, k)`, `m.Delete(k)`, `last = nil`, `m[k] = nil`.
fn removes(at: Declaration<'_>, mention: Node<'_>) -> bool {
    let calls = mention
        .ancestors()
        .take_while(|node| node.statement() == mention.statement());
    let by_call = calls.filter(|node| node.is(Kind::CallExpression)).any(|call| {
        keeper::effect(at, call)
            .is_some_and(|(effect, kept)| effect == Effect::Removes && container(kept) == mention)
    });
    let assignment = mention
        .statement()
        .filter(|statement| statement.is(Kind::AssignmentStatement));
    let by_nil = assignment.is_some_and(|assignment| {
        let side = |field| {
            assignment
                .field(field)
                .filter(|list| list.children().count() == 1)?
                .child(0)
        };
        side(Field::Left).is_some_and(|place| container(place) == mention)
            && side(Field::Right).is_some_and(|value| value.is(Kind::Nil))
    });
    by_call || by_nil
}

/// Whether the handler that sends its context then waits, most likely for the receiver to be done with it.
fn waits_for_receiver(store: &Store<'_>) -> bool {
    let behind = store
        .function
        .shallow_descendants()
        .filter(|node| node.start() > store.statement.end());
    store.statement.is(Kind::SendStatement) && { behind }.any(|node| waits(store.declaration, node))
}

fn waits(at: Declaration<'_>, node: Node<'_>) -> bool {
    match node.kind() {
        Kind::UnaryExpression => node.operator() == Some(Kind::Arrow),
        Kind::SelectStatement => true,
        Kind::CallExpression => at.callee(node).is_method("sync", "WaitGroup", "Wait"),
        _ => false,
    }
}
