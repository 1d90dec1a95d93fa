//! Deletes what keeps a request context beyond its request.
//!
//! `gate` tells cheaply which declarations can store one; `flow` follows the context to its owner. `traffic` lists
//! everything that touches the owner: where all of it only serves it, `repair` deletes owner and statements; `middleware`
//! offers to delete a middleware that does nothing else.
//!
//! The page for users is explain.md.

use std::sync::Arc;

use crate::analysis::detached::waits_for_answer;
use crate::analysis::gets_lent_context;
use crate::analysis::owner::{Outlives, Owner};
use crate::config::Config;
use crate::frameworks::{ContextHandler, context_needles, is_abandoned};
use crate::go::syntax::Kind;
use crate::transform::{
    Applicability, Confidence, Family, Finding, Pass, Related, Remedy, Rule, Severity, Transform,
};

mod flow;
mod gate;
mod middleware;
mod repair;
mod traffic;

use flow::Store;

pub struct DropRetainedCtx;

impl Transform for DropRetainedCtx {
    /// A statement that keeps a request context beyond its request.
    type Site<'a> = Store<'a>;

    fn name(&self) -> &'static str {
        "drop_retained_ctx"
    }

    fn page(&self) -> &'static str {
        include_str!("explain.md")
    }

    fn rules(&self, _config: &Config) -> Vec<Arc<Rule>> {
        vec![rule()]
    }

    fn needles(&self, config: &Config) -> Vec<String> {
        context_needles(&config.frameworks)
    }

    fn detect<'a>(&self, pass: &'a Pass<'a>) -> Vec<Store<'a>> {
        let stores = retaining_stores(pass);
        if stores.iter().all(outlives_surely) {
            return stores;
        }
        // Where it is not sure that the owner outlives the request, a store that nobody reads is useless at least.
        let remedies = repair::remedies(pass, &stores);
        let proven = stores
            .into_iter()
            .zip(remedies)
            .filter(|(store, remedy)| outlives_surely(store) || remedy.is_ok());
        proven.map(|(store, _)| store).collect()
    }

    fn finding(&self, pass: &Pass<'_>, store: &Store<'_>) -> Finding {
        let owner = store.owner.described(pass.package);
        let declared = store.owner.place(pass.package).map(|place| Related {
            place,
            message: "declared here".to_owned(),
        });
        Finding {
            rule: rule(),
            place: store.declaration.place(store.statement),
            message: format!(
                "the request context is kept in {owner} after its request, when {} hands it to another",
                &*store.request.framework.name
            ),
            confidence: match store.outlives {
                Outlives::Surely => Confidence::High,
                Outlives::Likely => Confidence::Medium,
            },
            function: Some(store.declaration.title()),
            related: declared.into_iter().collect(),
        }
    }

    fn fix<'a>(&self, pass: &'a Pass<'a>, store: &Store<'a>) -> Remedy {
        repair::remedies(pass, std::slice::from_ref(store)).swap_remove(0)
    }

    /// What one fix deletes, another may count on.
    fn fixes<'a>(&self, pass: &'a Pass<'a>, stores: &[Store<'a>]) -> Vec<Remedy> {
        repair::remedies(pass, stores)
    }
}

fn outlives_surely(store: &Store<'_>) -> bool {
    store.outlives == Outlives::Surely
}

fn rule() -> Arc<Rule> {
    Rule::new(
        "drop_retained_ctx",
        "retained-context",
        "A request context is stored where it outlives its request",
        Family::Retain,
        Severity::Medium,
        Applicability::Safe,
    )
}

/// The stores of the package that keep a context, each once.
fn retaining_stores<'a>(pass: &Pass<'a>) -> Vec<Store<'a>> {
    let types = context_needles(&pass.config.frameworks);
    let declarations = pass
        .package
        .declarations()
        .filter(|declaration| gate::may_store(declaration.bytes(), &types));
    let handlers = declarations
        .filter(|declaration| declaration.is_sound())
        .flat_map(ContextHandler::all_of)
        .filter(gets_lent_context);
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
    let in_test = store.declaration.file().is_test() && matches!(store.owner, Owner::Captured(..));
    !in_test && !is_abandoned(store.function) && !is_taken_out(store) && !waits_for_receiver(store)
}

fn is_taken_out(store: &Store<'_>) -> bool {
    let Store {
        declaration,
        function,
        statement,
        owner,
        ..
    } = store;
    owner.is_taken_out(*declaration, *function, *statement)
}

/// Whether the handler that sends its context then waits, most likely for the receiver to be done with it.
fn waits_for_receiver(store: &Store<'_>) -> bool {
    store.statement.is(Kind::SendStatement)
        && waits_for_answer(store.declaration, store.function, store.statement)
}
