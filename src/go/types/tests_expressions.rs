//! Expressions and their types without any toolchain; the compiler's word on real modules is in `tests/go_types.rs`.

use crate::go::{Package, SourceFile};

/// The types of `expressions`, each the first one with that text in the functions of `source`.
fn check(source: &str, expressions: &[(&str, &str)]) {
    let file = SourceFile::new("p/p.go", source.as_bytes());
    assert_eq!(file.broken, None);
    let package = Package::new("p", None, vec![file]);
    for (text, expected) in expressions {
        let mut found = package.declarations().flat_map(|declaration| {
            let nodes = declaration.tree().root().subtree();
            let nodes = nodes.filter(|node| node.text() == *text && node.index() > 0);
            nodes.map(move |node| declaration.type_of(node).to_string())
        });
        let answers: Vec<_> = found.by_ref().collect();
        let answer = answers.iter().find(|answer| *answer != "?");
        assert_eq!(answer.map_or("?", |answer| answer), *expected, "{text}");
    }
}

#[test]
fn members_are_promoted_by_depth_and_never_guessed() {
    check(
        "package p\n\nimport \"ex.com/absent\"\n\ntype deep struct{ N int; S string }\ntype mid struct{ *deep; S []byte }\ntype namer interface{ Name() string }\n\
         type top struct{ mid; namer; other }\ntype other struct{ X bool }\ntype twin struct{ X int }\ntype both struct{ other; twin }\n\
         type open struct{ absent.Base; mid }\n\n\
         func f(t *top, b both, o open) {\n\tuse(t.N, t.S, t.Name(), t.X, b.X, o.S, o.N)\n}\n",
        &[
            ("t.N", "int"),
            ("t.S", "[]uint8"),
            ("t.Name()", "string"),
            ("t.X", "bool"),
            // Two at one depth; and one that a type not at hand may hide, if it has one of that name.
            ("b.X", "?"),
            ("o.S", "[]uint8"),
            ("o.N", "?"),
        ],
    );
}

#[test]
fn type_parameters_stay_symbols_until_arguments_tell_them() {
    check(
        "package p\n\ntype list[T any] struct{ items []T; next *list[T] }\n\nfunc (l *list[E]) first() E { return l.items[0] }\n\n\
         func apply[S ~[]T, T, R any](all S, f func(T) R) []R { return nil }\nfunc zero[T any]() (t T) { return }\n\n\
         type names []string\n\n\
         func f(l list[*int], n names) {\n\tuse(l.first(), l.next.items, apply(n, func(s string) bool { return s == \"\" }), zero[map[string]int](), zero())\n}\n",
        &[
            ("l.items[0]", "E"),
            ("l.first()", "*int"),
            ("l.next.items", "[]*int"),
            ("apply(n, func(s string) bool { return s == \"\" })", "[]bool"),
            ("zero[map[string]int]()", "map[string]int"),
            ("zero()", "?"),
        ],
    );
}

#[test]
fn constants_take_the_type_of_their_place() {
    check(
        "package p\n\ntype level int8\n\nconst (\n\tlow level = iota + 1\n\thigh\n)\n\nfunc g(l level, x any, f float64, more ...byte) {}\n\n\
         func f(l level) [4]uint16 {\n\tg(11, 12, 13, 14, 15)\n\tvar a = l + 16\n\tvar w int32 = 17\n\tvar _ = low * 18\n\tuse(a, w, high, 'x')\n\treturn [4]uint16{19}\n}\n",
        &[
            ("11", "..level"),
            ("12", "int"),
            ("13", "float64"),
            ("15", "uint8"),
            ("a", "..level"),
            ("17", "int32"),
            ("18", "..level"),
            ("high", "..level"),
            ("19", "uint16"),
            // Nobody knows what `use` takes.
            ("'x'", "?"),
        ],
    );
}

#[test]
fn statements_declare_what_they_take_apart() {
    check(
        "package p\n\nimport \"iter\"\n\ntype pair struct{ k string; v []rune }\n\nfunc two() (int8, error) { return 0, nil }\n\n\
         func f(m map[string]pair, ch <-chan *pair, seq func(yield func(int16, pair) bool), x any, n uint8, text string) {\n\
         \tfor k1, v1 := range m {\n\t\tuse(k1, v1)\n\t}\n\tfor i2, v2 := range seq {\n\t\tuse(i2, v2)\n\t}\n\tfor i3 := range n {\n\t\tuse(i3)\n\t}\n\
         \tfor _, r4 := range text {\n\t\tuse(r4)\n\t}\n\te5, ok5 := m[\"\"]\n\ta6, err6 := two()\n\tuse(e5.v, ok5, a6, err6, <-ch)\n\
         \tswitch t7 := x.(type) {\n\tcase *pair:\n\t\tuse(t7.k)\n\tcase int, string:\n\t\tg(t7)\n\t}\n\
         \tmethod := (*pair).get\n\tvalue := m[\"\"].get\n\tuse(method, value, [...]int{4: 1, 2}, text[1:], text[0], &pair{})\n}\n\n\
         func (p pair) get(n int) (string, bool) { return \"\", false }\n",
        &[
            ("k1", "string"),
            ("v1", "..pair"),
            ("i2", "int16"),
            ("v2", "..pair"),
            ("i3", "uint8"),
            ("r4", "int32"),
            ("e5.v", "[]int32"),
            ("ok5", "bool"),
            ("a6", "int8"),
            ("err6", "error"),
            ("<-ch", "*..pair"),
            ("t7.k", "string"),
            ("t7", "*..pair"),
            ("method", "func(*..pair, int)(string, bool)"),
            ("value", "func(int)(string, bool)"),
            ("[...]int{4: 1, 2}", "[6]int"),
            ("text[1:]", "string"),
            ("text[0]", "uint8"),
            ("&pair{}", "*..pair"),
        ],
    );
}

#[test]
fn chains_longer_than_any_stack_are_followed() {
    let links = ".with(1)".repeat(600);
    let source = format!(
        "package p\n\ntype b struct{{}}\n\nfunc (b *b) with(n int) *b {{ return b }}\n\nfunc f(x *b) {{\n\ty := x{links}\n\tuse(y)\n}}\n"
    );
    check(&source, &[("y", "*..b")]);
}
