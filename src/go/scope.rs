//! Local names of one declaration: which binding each identifier means, by Go's block rules. Package-level
//! names, imports and universe names stay unresolved here; [`super::resolve`] finds those.

use foldhash::HashMap;

use super::syntax::{Field, Kind, Node, Tree};

/// What introduced a local name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BindingKind {
    Receiver,
    Param,
    Result,
    TypeParam,
    /// `x := …`, `var x …`, or the left side of a receive arm.
    Var,
    /// A variable of a `range` clause.
    Range,
    /// The variable of a type switch; its type differs by clause.
    TypeSwitch,
    Const,
    Type,
}

/// A local name with everything that mentions it.
#[derive(Clone, Debug)]
pub struct Binding {
    pub name: String,
    pub kind: BindingKind,
    /// The declaring identifier, by [`Node::index`].
    pub declared: usize,
    /// The parameter, spec, short declaration, range clause or case that declares it.
    pub origin: usize,
    /// The function (declaration or literal) that owns it; the tree's root outside functions.
    pub function: usize,
    /// The block or function in which it is visible.
    pub block: usize,
    /// Identifiers that mean it, the declaring one left out, in source order.
    pub uses: Vec<usize>,
}

/// The handle of a [`Binding`] in its [`Scopes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BindingId(usize);

/// All local names of a declaration.
#[derive(Debug, Default)]
pub struct Scopes {
    bindings: Vec<Binding>,
    /// By [`Node::index`].
    meaning: Vec<Meant>,
}

/// What an identifier means among local names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Meant {
    #[default]
    Nothing,
    /// It declares what is no local name, or is not seen yet.
    Declares,
    Local(u32),
}

impl Scopes {
    pub fn of(tree: &Tree) -> Self {
        let mut resolver = Resolver::default();
        resolver.scopes.meaning = vec![Meant::Nothing; tree.root().subtree_end()];
        for node in tree.root().subtree() {
            resolver.enter(node);
        }
        resolver.advance(tree.root().subtree_end());
        resolver.scopes
    }

    /// The binding an identifier declares or means; `None` where it is no local name.
    pub fn binding_of(&self, identifier: Node<'_>) -> Option<BindingId> {
        match self.meaning.get(identifier.index())? {
            Meant::Local(id) => Some(BindingId(*id as usize)),
            Meant::Nothing | Meant::Declares => None,
        }
    }

    /// Whether an identifier declares something, be it no local name: a parameter of a function type, say.
    pub(in crate::go) fn declares(&self, identifier: Node<'_>) -> bool {
        match self.meaning.get(identifier.index()) {
            Some(Meant::Declares) => true,
            Some(Meant::Local(id)) => self.bindings[*id as usize].declared == identifier.index(),
            _ => false,
        }
    }

    pub fn get(&self, id: BindingId) -> &Binding {
        &self.bindings[id.0]
    }

    pub fn bindings(&self) -> impl Iterator<Item = (BindingId, &Binding)> {
        self.bindings
            .iter()
            .enumerate()
            .map(|(at, binding)| (BindingId(at), binding))
    }

    /// The identifiers that mean `id`, the declaring one left out.
    pub fn uses<'t>(&self, id: BindingId, tree: &'t Tree) -> impl Iterator<Item = Node<'t>> {
        self.get(id).uses.iter().map(|&index| tree.node(index))
    }

    /// The local binding that `name` means at `at`, if any.
    pub fn visible(&self, name: &str, at: Node<'_>) -> Option<BindingId> {
        let encloses = |block: usize| at.index() == block || at.ancestors().any(|node| node.index() == block);
        let candidates = self.bindings().filter(|(_, binding)| {
            binding.name == name && binding.declared < at.index() && encloses(binding.block)
        });
        candidates
            .max_by_key(|(_, binding)| binding.block)
            .map(|(id, _)| id)
    }
}

/// A name that becomes visible once the walk reaches `from`.
struct Pending<'t> {
    from: usize,
    name: usize,
    text: &'t str,
    kind: BindingKind,
    origin: usize,
}

struct Block<'t> {
    node: usize,
    end: usize,
    /// What it declares, each of which hides what had the name before.
    names: Vec<&'t str>,
}

/// Walks the array in preorder. A scope ends where its subtree does, and a declared name counts from the end of
/// its statement on, so neither recursion nor a second pass is needed.
#[derive(Default)]
struct Resolver<'t> {
    scopes: Scopes,
    blocks: Vec<Block<'t>>,
    functions: Vec<(usize, usize)>,
    pending: Vec<Pending<'t>>,
    /// By name, the bindings in sight with their blocks, the innermost last.
    visible: HashMap<&'t str, Vec<(BindingId, usize)>>,
}

impl<'t> Resolver<'t> {
    fn enter(&mut self, node: Node<'t>) {
        self.advance(node.index());
        if opens_block(node) || (self.functions.is_empty() && is_generic_type(node)) {
            self.blocks.push(Block {
                node: node.index(),
                end: node.subtree_end(),
                names: Vec::new(),
            });
        }
        if node.is_function() {
            self.functions.push((node.index(), node.subtree_end()));
        }
        match node.kind() {
            Kind::ShortVarDeclaration => self.declare_list(node, BindingKind::Var),
            Kind::RangeClause if node.defines() => self.declare_list(node, BindingKind::Range),
            Kind::ReceiveStatement if node.defines() => self.declare_list(node, BindingKind::Var),
            Kind::TypeSwitchStatement => self.declare_alias(node),
            Kind::VarSpec => self.declare_names(node, BindingKind::Var),
            Kind::ConstSpec => self.declare_names(node, BindingKind::Const),
            Kind::TypeSpec | Kind::TypeAlias => self.declare_names(node, BindingKind::Type),
            Kind::TypeParameterList => self.declare_type_parameters(node),
            Kind::ParameterDeclaration | Kind::VariadicParameterDeclaration => {
                self.declare_parameters(node);
            }
            // A package's name may be hidden by a local one; and `x.y[i.j][k]` reads as a type of a package.
            Kind::Identifier | Kind::TypeIdentifier | Kind::PackageIdentifier => self.mention(node),
            _ => {}
        }
    }

    /// Closes the scopes that end before `index` and makes the names visible that start by then.
    fn advance(&mut self, index: usize) {
        loop {
            let due = self
                .pending
                .iter()
                .map(|pending| pending.from)
                .filter(|&from| from <= index)
                .min();
            let closing = self
                .blocks
                .last()
                .map(|block| block.end)
                .filter(|&end| end <= index);
            match (due, closing) {
                (Some(due), closing) if closing.is_none_or(|end| due < end) => {
                    self.declare_due(|pending| pending.from == due);
                }
                (_, Some(end)) => {
                    // The last statement of a block declares in it; one that ends with the block does not.
                    let block = self.blocks.last().map_or(0, |block| block.node);
                    self.declare_due(|pending| pending.from == end && pending.origin > block);
                    self.leave_block();
                }
                (Some(due), None) => self.declare_due(|pending| pending.from == due),
                (None, None) => break,
            }
        }
        while self.functions.last().is_some_and(|&(_, end)| end <= index) {
            self.functions.pop();
        }
    }

    fn leave_block(&mut self) {
        for name in self.blocks.pop().into_iter().flat_map(|block| block.names) {
            self.visible.get_mut(name).and_then(Vec::pop);
        }
    }

    fn declare_due(&mut self, is_due: impl Fn(&Pending<'t>) -> bool) {
        let due: Vec<Pending<'t>> = self.pending.extract_if(.., |pending| is_due(pending)).collect();
        for pending in due {
            self.bind(pending);
        }
    }

    fn bind(&mut self, pending: Pending<'t>) {
        let Some(block) = self.blocks.last_mut() else {
            return;
        };
        let in_sight = self.visible.entry(pending.text).or_default();
        // `:=` with a name of the same block assigns to it.
        if pending.kind == BindingKind::Var
            && let Some(&(held, home)) = in_sight.last()
            && home == block.node
        {
            self.scopes.meaning[pending.name] = Meant::Local(held.0 as u32);
            let uses = &mut self.scopes.bindings[held.0].uses;
            let at = uses.partition_point(|&used| used < pending.name);
            uses.insert(at, pending.name);
            return;
        }
        let id = BindingId(self.scopes.bindings.len());
        in_sight.push((id, block.node));
        block.names.push(pending.text);
        self.scopes.meaning[pending.name] = Meant::Local(id.0 as u32);
        self.scopes.bindings.push(Binding {
            name: pending.text.to_owned(),
            kind: pending.kind,
            declared: pending.name,
            origin: pending.origin,
            function: self.functions.last().map_or(0, |&(node, _)| node),
            block: block.node,
            uses: Vec::new(),
        });
    }

    fn declare(&mut self, name: Node<'t>, kind: BindingKind, origin: Node<'_>, from: usize) {
        self.scopes.meaning[name.index()] = Meant::Declares;
        if name.text() == "_" {
            return;
        }
        self.pending.push(Pending {
            from,
            name: name.index(),
            text: name.text(),
            kind,
            origin: origin.index(),
        });
    }

    fn declare_list(&mut self, node: Node<'t>, kind: BindingKind) {
        let Some(left) = node.field(Field::Left) else {
            return;
        };
        // Where an expression may stand, the grammar takes `nil` and its like for values, whatever declares them.
        let is_name = |name: &Node<'_>| {
            matches!(
                name.kind(),
                Kind::Identifier | Kind::Nil | Kind::True | Kind::False | Kind::Iota
            )
        };
        for name in left.children().filter(is_name) {
            self.declare(name, kind, node, node.subtree_end());
        }
    }

    fn declare_alias(&mut self, node: Node<'t>) {
        let Some(alias) = node.field(Field::Alias) else {
            return;
        };
        let from = node
            .field(Field::Value)
            .map_or(alias.subtree_end(), Node::subtree_end);
        for name in alias.children().filter(|name| name.is(Kind::Identifier)) {
            self.declare(name, BindingKind::TypeSwitch, node, from);
        }
    }

    /// Specs outside a function are package-level names and not local ones.
    fn declare_names(&mut self, node: Node<'t>, kind: BindingKind) {
        let names = node
            .fields(Field::Name)
            .filter(|name| matches!(name.kind(), Kind::Identifier | Kind::TypeIdentifier));
        for name in names {
            match (self.functions.is_empty(), kind) {
                (true, _) => self.scopes.meaning[name.index()] = Meant::Declares,
                // A type may mention itself.
                (false, BindingKind::Type) => self.declare(name, kind, node, name.subtree_end()),
                (false, _) => self.declare(name, kind, node, node.subtree_end()),
            }
        }
    }

    /// Parameters are visible in the body, not in the rest of the signature. Those of function types and
    /// interface methods name nothing.
    fn declare_parameters(&mut self, node: Node<'t>) {
        let owner = node.parent().and_then(Node::parent);
        let list_role = node.parent().map(Node::role);
        let Some(owner) = owner.filter(|owner| owner.is_function()) else {
            for name in node.fields(Field::Name) {
                self.scopes.meaning[name.index()] = Meant::Declares;
            }
            return;
        };
        let body = owner.field(Field::Body).map_or(owner.subtree_end(), Node::index);
        let (kind, from) = match list_role {
            Some(Field::Receiver) => (BindingKind::Receiver, body),
            Some(Field::Result) => (BindingKind::Result, body),
            _ => (BindingKind::Param, body),
        };
        for name in node.fields(Field::Name).filter(|name| name.is(Kind::Identifier)) {
            self.declare(name, kind, node, from);
        }
        if kind == BindingKind::Receiver {
            self.declare_receiver_parameters(node);
        }
    }

    /// Type parameters are visible in the whole list: one may stand in the constraint of another.
    fn declare_type_parameters(&mut self, list: Node<'t>) {
        for declaration in list.children() {
            for name in declaration
                .fields(Field::Name)
                .filter(|name| name.is(Kind::Identifier))
            {
                self.declare(name, BindingKind::TypeParam, declaration, list.index() + 1);
            }
        }
    }

    /// `func (l *List[T]) …` gives the type parameters of `List` names.
    fn declare_receiver_parameters(&mut self, receiver: Node<'t>) {
        let generic = receiver.descendants().find(|node| node.is(Kind::GenericType));
        let arguments = generic.and_then(|generic| generic.field(Field::TypeArguments));
        for name in arguments.into_iter().flat_map(Node::descendants) {
            if name.is(Kind::TypeIdentifier) {
                self.declare(name, BindingKind::TypeParam, receiver, receiver.subtree_end());
            }
        }
    }

    fn mention(&mut self, node: Node<'_>) {
        let names_function =
            node.role() == Field::Name && node.parent().is_some_and(|parent| parent.is_function());
        if self.scopes.meaning[node.index()] != Meant::Nothing || names_function {
            return;
        }
        let held = self.visible.get(node.text()).and_then(|in_sight| in_sight.last());
        if let Some(&(id, _)) = held {
            self.scopes.meaning[node.index()] = Meant::Local(id.0 as u32);
            self.scopes.bindings[id.0].uses.push(node.index());
        }
    }
}

/// Inside functions no type has parameters.
fn is_generic_type(node: Node<'_>) -> bool {
    matches!(node.kind(), Kind::TypeSpec | Kind::TypeAlias) && node.field(Field::TypeParameters).is_some()
}

fn opens_block(node: Node<'_>) -> bool {
    match node.kind() {
        // The body shares the block of the parameters.
        Kind::Block => !node.parent().is_some_and(Node::is_function),
        Kind::IfStatement
        | Kind::ForStatement
        | Kind::ExpressionSwitchStatement
        | Kind::TypeSwitchStatement
        | Kind::ExpressionCase
        | Kind::DefaultCase
        | Kind::TypeCase
        | Kind::CommunicationCase => true,
        _ => node.is_function(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::syntax::parse;
    use crate::text::Span;
    use std::sync::Arc;

    /// Each use of a local name as `name@line -> line of its declaration`, lines counted from 1.
    fn resolved(source: &str) -> Vec<String> {
        let tree = parse(&Arc::from(source.as_bytes()), Span::new(0, source.len()));
        assert_eq!(tree.error(), None);
        let scopes = Scopes::of(&tree);
        let line = |index: usize| source[..tree.node(index).start()].matches('\n').count() + 1;
        let mut found: Vec<(usize, String)> = Vec::new();
        for (_, binding) in scopes.bindings() {
            for &used in &binding.uses {
                let text = format!("{}@{} -> {}", binding.name, line(used), line(binding.declared));
                found.push((used, text));
            }
        }
        found.sort();
        found.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn a_name_counts_from_the_end_of_its_statement() {
        let source = "func f(x int) {\n\tif x := x + 1; x > 0 {\n\t\tg(x)\n\t}\n\tg(x)\n}";
        assert_eq!(resolved(source), ["x@2 -> 1", "x@2 -> 2", "x@3 -> 2", "x@5 -> 1"]);
    }

    #[test]
    fn a_short_declaration_assigns_to_names_of_its_own_block() {
        let source = "func f() (err error) {\n\ta, err := g()\n\tb, err := g()\n\t{\n\t\tc, err := g()\n\t\th(c, err)\n\t}\n\treturn h(a, b, err)\n}";
        let expected = [
            "err@2 -> 1",
            "err@3 -> 1",
            "c@6 -> 5",
            "err@6 -> 5",
            "a@8 -> 2",
            "b@8 -> 3",
            "err@8 -> 1",
        ];
        assert_eq!(resolved(source), expected);
    }

    #[test]
    fn clauses_and_literals_have_their_own_names() {
        let source = "func f(ch chan int) {\n\tselect {\n\tcase v := <-ch:\n\t\tg(v)\n\tcase v, ok := <-ch:\n\t\tg(v, ok)\n\t}\n\tfor i, v := range h() {\n\t\tfunc(i int) { g(i, v) }(i)\n\t}\n\tswitch t := x.(type) {\n\tcase int:\n\t\tg(t)\n\t}\n}";
        let expected = [
            "ch@3 -> 1",
            "v@4 -> 3",
            "ch@5 -> 1",
            "v@6 -> 5",
            "ok@6 -> 5",
            "i@9 -> 9",
            "v@9 -> 8",
            "i@9 -> 8",
            "t@13 -> 11",
        ];
        assert_eq!(resolved(source), expected);
    }

    #[test]
    fn parameters_do_not_hide_types_of_their_own_signature() {
        let source = "func (client *client) f(user user, fn func(user int)) { g(client, user) }";
        assert_eq!(resolved(source), ["client@1 -> 1", "user@1 -> 1"]);
    }

    #[test]
    fn package_level_names_are_not_local() {
        assert_eq!(resolved("var x = func() int { return y }"), Vec::<String>::new());
    }
}
