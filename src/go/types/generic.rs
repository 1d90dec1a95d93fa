//! Type parameters: what stands for them, where it is written or simple to infer.

use std::sync::Arc;

use super::typer::Typer;
use super::{ArrayType, Channel, InterfaceType, Signature, StructField, Type};

/// What stands for type parameters, by their names.
pub(super) type Bindings = Vec<(Arc<str>, Type)>;

/// The type with what stands for its parameters.
pub(super) fn substituted(of: &Type, bindings: &Bindings) -> Type {
    if bindings.is_empty() {
        return of.clone();
    }
    let inner = |of: &Type| substituted(of, bindings);
    let all = |types: &[Type]| types.iter().map(inner).collect::<Arc<[Type]>>();
    match of {
        Type::Unknown | Type::Basic(_) | Type::Local(_) => of.clone(),
        Type::Parameter(name) => {
            let bound = bindings.iter().find(|(parameter, _)| parameter == name);
            bound.map_or_else(|| of.clone(), |(_, bound)| bound.clone())
        }
        Type::Named {
            path,
            name,
            arguments,
        } => Type::Named {
            path: path.clone(),
            name: name.clone(),
            arguments: all(arguments),
        },
        Type::Pointer(to) => Type::pointer(inner(to)),
        Type::Slice(element) => Type::slice(inner(element)),
        Type::Array(array) => Type::Array(Arc::new(ArrayType {
            element: inner(&array.element),
            length: array.length,
        })),
        Type::Map(key, value) => Type::Map(Arc::new(inner(key)), Arc::new(inner(value))),
        Type::Chan(channel) => Type::Chan(Arc::new(Channel {
            element: inner(&channel.element),
            direction: channel.direction,
        })),
        Type::Func(signature) => Type::Func(Arc::new(substituted_signature(signature, bindings))),
        Type::Struct(fields) => Type::Struct(substituted_fields(fields, bindings).into()),
        Type::Interface(interface) => Type::Interface(Arc::new(InterfaceType {
            methods: substituted_fields(&interface.methods, bindings),
            embedded: interface.embedded.iter().map(inner).collect(),
            terms: interface.terms.iter().map(inner).collect(),
        })),
        Type::Tuple(types) => Type::Tuple(all(types)),
    }
}

fn substituted_fields(fields: &[StructField], bindings: &Bindings) -> Vec<StructField> {
    let field = |field: &StructField| StructField {
        of: substituted(&field.of, bindings),
        ..field.clone()
    };
    fields.iter().map(field).collect()
}

fn substituted_signature(signature: &Signature, bindings: &Bindings) -> Signature {
    let all = |types: &[Type]| {
        types
            .iter()
            .map(|of| substituted(of, bindings))
            .collect::<Vec<_>>()
    };
    let open = signature.type_parameters.iter();
    let open = open.filter(|(name, _)| bindings.iter().all(|(bound, _)| bound != name));
    Signature {
        type_parameters: open
            .map(|(name, constraint)| (name.clone(), substituted(constraint, bindings)))
            .collect(),
        parameters: signature.parameters.as_deref().map(all),
        variadic: signature.variadic,
        results: all(&signature.results).into(),
    }
}

impl Typer<'_, '_> {
    /// The function with `arguments` for its first type parameters.
    pub(super) fn instantiated(self, signature: &Signature, arguments: &[Type]) -> Type {
        let signature = renamed(signature);
        let names = signature.type_parameters.iter().map(|(name, _)| name.clone());
        let bindings: Bindings = names.zip(arguments.iter().cloned()).collect();
        Type::Func(Arc::new(substituted_signature(&signature, &bindings)))
    }

    /// The function with its type parameters as its arguments tell them; those they do not tell are unknown.
    pub(super) fn inferred_from(self, signature: &Signature, arguments: &[Type]) -> Type {
        let mut inference = Inference::of(self, signature);
        let parameters = signature.parameters.as_deref().unwrap_or_default();
        let last = parameters.len().saturating_sub(1);
        for (at, argument) in arguments.iter().enumerate() {
            let Some(parameter) = parameters.get(at.min(last)) else {
                break;
            };
            match parameter {
                Type::Slice(element) if signature.variadic && at >= last => {
                    inference.argument(element, argument);
                }
                parameter => inference.argument(parameter, argument),
            }
        }
        let bindings = inference.finished(signature);
        Type::Func(Arc::new(substituted_signature(signature, &bindings)))
    }
}

/// The function with names for its type parameters that no declaration can have, so that they are not taken for
/// those of the caller.
fn renamed(signature: &Signature) -> Signature {
    let names = signature.type_parameters.iter().map(|(name, _)| name.clone());
    let fresh = |name: &str| -> Arc<str> { format!("'{}", name.trim_start_matches('\'')).into() };
    let bindings: Bindings = names
        .map(|name| (name.clone(), Type::Parameter(fresh(&name))))
        .collect();
    let constraint = |(name, of): &(Arc<str>, Type)| (fresh(name), substituted(of, &bindings));
    Signature {
        type_parameters: signature.type_parameters.iter().map(constraint).collect(),
        ..substituted_signature(signature, &bindings)
    }
}

/// What the arguments of one call tell about the type parameters.
struct Inference<'a, 'q> {
    typer: Typer<'a, 'q>,
    names: Vec<Arc<str>>,
    bound: Bindings,
    /// From untyped constants: they only count where nothing else tells.
    untyped: Bindings,
}

impl<'a, 'q> Inference<'a, 'q> {
    fn of(typer: Typer<'a, 'q>, signature: &Signature) -> Self {
        Inference {
            typer,
            names: signature
                .type_parameters
                .iter()
                .map(|(name, _)| name.clone())
                .collect(),
            bound: Vec::new(),
            untyped: Vec::new(),
        }
    }

    fn argument(&mut self, parameter: &Type, argument: &Type) {
        match parameter {
            Type::Parameter(name) if argument.is_untyped() => {
                if let Some((_, held)) = self.untyped.iter_mut().find(|(held, _)| held == name) {
                    *held = super::operator::wider(held.clone(), argument.clone());
                } else {
                    self.untyped.push((name.clone(), argument.clone()));
                }
            }
            parameter => self.unify(parameter, argument),
        }
    }

    fn bind(&mut self, name: &Arc<str>, of: &Type) {
        match self.bound.iter_mut().find(|(bound, _)| bound == name) {
            // Two arguments that disagree are told apart by rules that are not worth having here.
            Some((_, held)) if *held != *of => *held = Type::Unknown,
            Some(_) => {}
            None => self.bound.push((Arc::clone(name), of.clone())),
        }
    }

    /// Reads off what stands in `argument` where `parameter` names a type parameter.
    fn unify(&mut self, parameter: &Type, argument: &Type) {
        if let Type::Parameter(name) = parameter
            && self.names.contains(name)
        {
            return self.bind(name, argument);
        }
        if let Type::Named {
            path,
            name,
            arguments,
        } = parameter
        {
            if let Type::Named {
                path: p,
                name: n,
                arguments: given,
            } = argument
                && (p, n) == (path, name)
            {
                let pairs = arguments.iter().zip(given.iter());
                pairs.for_each(|(parameter, given)| self.unify(parameter, given));
            } else if let Type::Func(_) = argument {
                // A function literal for a parameter of a named function type.
                let shape = self.typer.underlying(parameter);
                if !matches!(shape, Type::Named { .. }) {
                    self.unify(&shape, argument);
                }
            }
            return;
        }
        let argument = match argument {
            Type::Named { .. } | Type::Local(_) => &self.typer.underlying(argument),
            other => other,
        };
        self.unify_parts(parameter, argument);
    }

    fn unify_parts(&mut self, parameter: &Type, argument: &Type) {
        match (parameter, argument) {
            (Type::Pointer(parameter), Type::Pointer(argument))
            | (Type::Slice(parameter), Type::Slice(argument)) => self.unify(parameter, argument),
            (Type::Array(parameter), Type::Array(argument)) => {
                self.unify(&parameter.element, &argument.element);
            }
            (Type::Map(key, value), Type::Map(other_key, other_value)) => {
                self.unify(key, other_key);
                self.unify(value, other_value);
            }
            (Type::Chan(parameter), Type::Chan(argument)) => {
                self.unify(&parameter.element, &argument.element);
            }
            (Type::Func(parameter), Type::Func(argument)) if argument.type_parameters.is_empty() => {
                let of = |signature: &Signature| signature.parameters.clone().unwrap_or_default();
                for (parameter, argument) in of(parameter).iter().zip(&of(argument)) {
                    self.unify(parameter, argument);
                }
                for (parameter, argument) in parameter.results.iter().zip(argument.results.iter()) {
                    self.unify(parameter, argument);
                }
            }
            _ => {}
        }
    }

    fn get(&self, name: &str) -> Option<&Type> {
        let bound = self.bound.iter().find(|(bound, _)| **bound == *name);
        bound.map(|(_, of)| of)
    }

    fn finished(mut self, signature: &Signature) -> Bindings {
        self.through_constraints(signature);
        for (name, of) in std::mem::take(&mut self.untyped) {
            if self.get(&name).is_none() {
                self.bound.push((name, of.defaulted()));
            }
        }
        for name in self.names.clone() {
            if self.get(&name).is_none() {
                self.bound.push((name, Type::Unknown));
            }
        }
        self.bound
    }

    /// `S ~[]E`: each tells the other.
    fn through_constraints(&mut self, signature: &Signature) {
        for _ in 0..signature.type_parameters.len() {
            for (name, constraint) in &signature.type_parameters {
                let Some(core) = core_term(constraint) else {
                    continue;
                };
                match self.get(name).cloned() {
                    Some(bound) => self.unify_shape(core, &bound),
                    None => {
                        let of = substituted(core, &self.bound);
                        if !self.names.iter().any(|name| mentions(&of, name)) {
                            self.bound.push((name.clone(), of));
                        }
                    }
                }
            }
        }
    }

    /// What is bound already stays.
    fn unify_shape(&mut self, core: &Type, bound: &Type) {
        let mut inner = Inference {
            typer: self.typer,
            names: self.names.clone(),
            bound: Vec::new(),
            untyped: Vec::new(),
        };
        inner.unify_parts(core, &self.typer.underlying(bound));
        for (name, of) in inner.bound {
            if self.get(&name).is_none() {
                self.bound.push((name, of));
            }
        }
    }
}

/// The only term of a constraint, which is then what its types look like.
pub(super) fn core_term(constraint: &Type) -> Option<&Type> {
    match constraint {
        Type::Interface(interface) if interface.embedded.is_empty() => match interface.terms.as_slice() {
            [only] => Some(only),
            _ => None,
        },
        _ => None,
    }
}

fn mentions(of: &Type, name: &str) -> bool {
    let marked = substituted(of, &vec![(name.into(), Type::Basic("\u{0}"))]);
    marked != *of
}
