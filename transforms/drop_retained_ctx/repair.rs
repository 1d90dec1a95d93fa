//! The repair: delete every statement that serves an owner, and the owner, when nothing else touches it.
//!
//! ```text
//! kept = append(kept, c)   ⇒   (nothing)
//! ```
//!
//! Nobody reads the owner, so nobody can tell; what the deleted statements evaluate is pure. All stores of an
//! owner go in one fix, and owners that are served in one function go together: two fixes that each count on the
//! other's use of a local name would not compile beside each other.

use std::collections::BTreeMap;

use super::flow::Store;
use super::middleware;
use super::traffic::{Stranger, servants};
use crate::analysis::owner::{Owner, member};
use crate::edit::{Obstacle, Removal, is_pure};
use crate::facts::paths;
use crate::go::syntax::{Field, Kind, Node};
use crate::go::{Declaration, Package, Place};
use crate::transform::{Applicability, Fix, Pass, Reason, Refusal, Remedy};

type Statements<'a> = Vec<(Declaration<'a>, Node<'a>)>;

/// The remedy of each store, in the same order.
pub fn remedies<'a>(pass: &Pass<'a>, stores: &[Store<'a>]) -> Vec<Remedy> {
    let mut verdicts: BTreeMap<Owner, Result<Statements<'a>, Refusal>> = BTreeMap::new();
    for store in stores {
        if !verdicts.contains_key(&store.owner) {
            verdicts.insert(store.owner.clone(), dead_statements(pass, store, stores));
        }
    }
    let mut plans: Vec<Plan<'a>> = Vec::new();
    for (owner, verdict) in &verdicts {
        if let Ok(statements) = verdict {
            join(&mut plans, Plan::of(owner, statements));
        }
    }
    let removals: Vec<_> = plans.iter().map(|plan| plan.removal(pass)).collect();
    let remedy = |store: &Store<'a>| match &verdicts[&store.owner] {
        Err(refusal) => Err(refusal.clone()),
        Ok(_) => {
            let planned = plans
                .iter()
                .zip(&removals)
                .find(|(plan, _)| plan.owners.contains(&store.owner));
            let (plan, removal) = planned.expect("every owner without a refusal is in a plan");
            removal
                .clone()
                .and_then(|removal| plan.fixes(pass, store, removal))
        }
    };
    stores.iter().map(remedy).collect()
}

/// Owners whose statements go together.
struct Plan<'a> {
    owners: Vec<Owner>,
    statements: Statements<'a>,
}

/// Adds a plan, one with all those that it shares a function with.
fn join<'a>(plans: &mut Vec<Plan<'a>>, mut plan: Plan<'a>) {
    let touches = |held: &Plan<'a>, plan: &Plan<'a>| {
        let shared =
            |(at, _): &(Declaration<'a>, Node<'a>)| plan.statements.iter().any(|(other, _)| other == at);
        held.statements.iter().any(shared)
    };
    while let Some(at) = plans.iter().position(|held| touches(held, &plan)) {
        let mut held = plans.remove(at);
        held.owners.append(&mut plan.owners);
        held.statements.append(&mut plan.statements);
        plan = held;
    }
    plans.push(plan);
}

impl<'a> Plan<'a> {
    fn of(owner: &Owner, statements: &Statements<'a>) -> Self {
        Plan {
            owners: vec![owner.clone()],
            statements: statements.clone(),
        }
    }

    /// Everything that goes.
    fn removal(&self, pass: &Pass<'a>) -> Result<Removal<'a>, Refusal> {
        let refused = |obstacle| refusal_of(pass.package, &obstacle);
        let mut removal = Removal::new(pass.package);
        for (at, statement) in &self.statements {
            removal.take(*at, *statement);
        }
        removal.settle().map_err(refused)?;
        self.take_owners(pass, &mut removal);
        removal.take_hollow_functions(&|name| is_private(pass, name));
        removal.settle().map_err(refused)?;
        take_guards(pass, &mut removal);
        removal.take_orphans(&|name| is_private(pass, name));
        Ok(removal)
    }

    /// Captured variables have gone with their last use: Go does not compile unused ones.
    fn take_owners(&self, pass: &Pass<'a>, removal: &mut Removal<'a>) {
        for owner in &self.owners {
            match owner {
                Owner::Variable(name) => {
                    let declared = pass.package.find_name(name);
                    let orphan = declared.and_then(|declared| removal.orphan(declared, name));
                    orphan.into_iter().for_each(|(at, node)| removal.take(at, node));
                }
                Owner::Field { .. } | Owner::Member { .. } => take_field(pass.package, owner, removal),
                Owner::Captured(..) | Owner::Foreign(_) => {}
            }
        }
    }

    fn fixes(&self, pass: &Pass<'a>, store: &Store<'a>, removal: Removal<'a>) -> Remedy {
        let whole = middleware::without(pass, store, &removal);
        let title = self.title(pass.package, &removal);
        let rewrite = removal
            .into_rewrite()
            .map_err(|obstacle| refusal_of(pass.package, &obstacle))?;
        let mut fixes = vec![Fix::new(title, Applicability::Safe, rewrite)];
        fixes.extend(whole);
        Ok(fixes)
    }

    fn title(&self, package: &Package, removal: &Removal<'a>) -> String {
        let gone = |owner: &&Owner| {
            owner
                .declaration(package)
                .is_some_and(|(at, node)| removal.covers(at, node))
        };
        let names: Vec<String> = self
            .owners
            .iter()
            .map(|owner| format!("`{}`", owner.title(package)))
            .collect();
        let all_gone = self.owners.iter().filter(gone).count() == self.owners.len();
        let end = match (all_gone, names.len()) {
            (false, _) => "",
            (true, 1) => " and delete it",
            (true, _) => " and delete them",
        };
        format!("Stop keeping the request context in {}{end}", names.join(" and "))
    }
}

/// Takes the fields that hold a mutex which only gone code locked.
fn take_guards<'a>(pass: &Pass<'a>, removal: &mut Removal<'a>) {
    for (at, node) in removal.gone().to_vec() {
        for selector in node.subtree().filter(|node| node.is(Kind::SelectorExpression)) {
            let of = at.type_of(selector);
            let guard = (of.is(paths::SYNC, "Mutex") || of.is(paths::SYNC, "RWMutex"))
                .then(|| member(at, selector))
                .flatten();
            let idle = |owner: &Owner| {
                let mentions = owner.mentions(pass.package);
                is_private(pass, owner.name(pass.package))
                    && mentions.iter().all(|(at, node)| removal.covers(*at, *node))
            };
            if let Some(owner) = guard.filter(idle) {
                take_field(pass.package, &owner, removal);
            }
        }
    }
}

/// Deletes the field with the elements of literals that set it, where all is laid out so that only they go.
fn take_field<'a>(package: &'a Package, owner: &Owner, removal: &mut Removal<'a>) {
    let (Some((at, field)), Some(initializers)) = (owner.declaration(package), owner.initializers(package))
    else {
        return;
    };
    let names = field
        .fields(Field::Name)
        .filter(|name| !name.bytes().starts_with(b","))
        .count();
    let converted = match owner {
        // A conversion needs another struct type with the same fields.
        Owner::Field { of, .. } => package.mentions(of).iter().any(|(_, mention)| {
            let parent = mention.parent().map(Node::kind);
            matches!(
                parent,
                Some(
                    Kind::CallExpression | Kind::TypeConversionExpression | Kind::TypeSpec | Kind::TypeAlias
                )
            )
        }),
        _ => false,
    };
    let pure = initializers.iter().all(|(at, element)| is_pure(*at, *element));
    if names == 1 && !converted && pure {
        removal.take(at, field);
        initializers
            .into_iter()
            .for_each(|(at, element)| removal.take(at, element));
    }
}

/// The statements that serve the owner of this store and no other purpose.
fn dead_statements<'a>(
    pass: &Pass<'a>,
    store: &Store<'a>,
    stores: &[Store<'a>],
) -> Result<Statements<'a>, Refusal> {
    let (package, owner) = (pass.package, &store.owner);
    if let Some(refusal) = used_elsewhere(pass, owner) {
        return Err(refusal);
    }
    let is_field = matches!(owner, Owner::Field { .. } | Owner::Member { .. });
    if !is_understood(package, owner.name(package)) || (is_field && owner.declaration(package).is_none()) {
        let message = format!(
            "not all code around `{}` is understood: see for yourself who reads it",
            owner.title(package)
        );
        return Err(Refusal::new(Reason::TypeUnknown, message));
    }
    servants(package, owner).map_err(|stranger| {
        let own = |at: Declaration<'_>, node: Node<'_>| {
            let same = |store: &&Store<'_>| store.declaration == at && store.statement.contains(node);
            stores.iter().any(|store| same(&store))
        };
        refusal_for(package, owner, stranger, &own, store.request.facts.lends())
    })
}

fn used_elsewhere(pass: &Pass<'_>, owner: &Owner) -> Option<Refusal> {
    let package = pass.package;
    let title = owner.title(package);
    let name = owner.name(package);
    let exported = name.starts_with(char::is_uppercase) && package.name != "main";
    let message = match owner {
        Owner::Foreign(_) => format!("`{title}` is declared elsewhere: see there who reads it"),
        Owner::Captured(..) => return None,
        Owner::Field { .. } | Owner::Member { .. } if exported => {
            format!("the field `{title}` is exported: other packages may read it")
        }
        _ => {
            let user = pass.sources.users_of(package, name).into_iter().next()?;
            format!("`{title}` is used in {user}, too")
        }
    };
    Some(Refusal::new(Reason::UsedElsewhere, message))
}

/// Whether nobody outside the package can use the name, and everything inside that may is understood.
pub fn is_private(pass: &Pass<'_>, name: &str) -> bool {
    let exported = name.starts_with(char::is_uppercase) && pass.package.name != "main";
    !exported && is_understood(pass.package, name) && pass.sources.users_of(pass.package, name).is_empty()
}

fn is_understood(package: &Package, name: &str) -> bool {
    let finder = memchr::memmem::Finder::new(name.as_bytes());
    let cut = package.files.iter().all(|file| file.broken.is_none());
    let mut holding = package
        .declarations()
        .filter(|declaration| finder.find(declaration.bytes()).is_some());
    cut && holding.all(Declaration::is_sound)
}

fn refusal_for(
    package: &Package,
    owner: &Owner,
    stranger: Stranger<'_>,
    in_store: &dyn Fn(Declaration<'_>, Node<'_>) -> bool,
    lends: bool,
) -> Refusal {
    let title = owner.title(package);
    let copied = match lends {
        true => " (strings through strings.Clone)",
        false => "",
    };
    let at = |at: Declaration<'_>, node: Node<'_>| line_of(package, at.place(node));
    match stranger {
        Stranger::Reader(there, node) if in_store(there, node) => Refusal::new(
            Reason::NeedsDecision,
            format!(
                "the statement at {} does more than keep the context: decide what of it is still needed",
                at(there, node)
            ),
        ),
        Stranger::Reader(there, node) => Refusal::new(
            Reason::StillRead,
            format!(
                "`{title}` is used at {}: keep a struct of the values needed there{copied} instead of the context",
                at(there, node)
            ),
        ),
        Stranger::Receiver(there, node) => Refusal::new(
            Reason::OtherParty,
            format!(
                "`{title}` is received from at {}: send a struct of the values needed there{copied} instead of the context",
                at(there, node)
            ),
        ),
        Stranger::Sender(there, node) => Refusal::new(
            Reason::NeedsDecision,
            format!(
                "nothing here receives from `{title}`, so the send at {} blocks once it is full: decide what should become of the request",
                at(there, node)
            ),
        ),
        Stranger::Sharer(there, node) => Refusal::new(
            Reason::Escapes,
            format!(
                "`{title}` may be shared through what is set at {}: see who reads it there",
                at(there, node)
            ),
        ),
    }
}

fn refusal_of(package: &Package, obstacle: &Obstacle<'_>) -> Refusal {
    match obstacle {
        Obstacle::NeededName(_, name) => Refusal::new(
            Reason::NeedsDecision,
            format!(
                "`{}` would be left unused: decide whether what computes it is still needed",
                name.text()
            ),
        ),
        Obstacle::EmptyBlock(at, block) => Refusal::new(
            Reason::ControlFlow,
            format!(
                "the block at {} would be left empty: decide whether what leads there is still needed",
                line_of(package, at.place(*block))
            ),
        ),
        Obstacle::Layout(at, node) => Refusal::new(
            Reason::ControlFlow,
            format!(
                "{} holds other code as well: give the statement a line of its own first",
                line_of(package, at.place(*node))
            ),
        ),
    }
}

/// `path:line`
fn line_of(package: &Package, place: Place) -> String {
    let file = package.file(place.file);
    format!("{}:{}", file.path, file.lines().position(place.span.start).line)
}
