use std::sync::Arc;

use super::{Cfg, Condition, Exit, Flow, Paths, Test, walk};
use crate::go::syntax::{Field, Kind, Node, Tree, parse};
use crate::text::Span;

fn tree_of(body: &str) -> Tree {
    let source = format!("func f() {{\n{body}\n}}\n");
    let tree = parse(&Arc::from(source.as_bytes()), Span::new(0, source.len()));
    assert_eq!(tree.error(), None, "{body}");
    tree
}

fn cfg_of(tree: &Tree) -> Cfg<'_> {
    let body = tree
        .root()
        .descendants()
        .find(|node| node.is(Kind::Block))
        .unwrap();
    let is_panic = |call: Node<'_>| {
        call.field(Field::Function)
            .is_some_and(|name| name.text() == "panic")
    };
    Cfg::build(body, &is_panic)
}

/// The drawing of a body, without its first line.
fn drawn(body: &str) -> String {
    let tree = tree_of(body);
    let drawing = cfg_of(&tree).draw();
    drawing.strip_prefix("flowchart TD\n").unwrap().to_owned()
}

fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

#[test]
fn short_circuits_become_blocks() {
    let expected = [
        "b0[\"a\"]",
        "b0 -->|\"a\"| b1",
        "b0 -->|\"not a\"| b2",
        "b1[\"b\"]",
        "b1 -->|\"b\"| b2",
        "b1 -->|\"not b\"| b3",
        "b2[\"x()\"]",
        "b2 --> b4",
        "b3[\"y()\"]",
        "b3 --> b4",
        "b4[\"(end)\"]",
    ];
    assert_eq!(drawn("if !(a && !(b)) { x() } else { y() }"), lines(&expected));
}

#[test]
fn returns_and_panics_end_the_path_and_dead_code_is_left_out() {
    let expected = [
        "b0[\"x, err := f()<br>err != nil\"]",
        "b0 -->|\"err != nil\"| b1",
        "b0 -->|\"not err != nil\"| b2",
        "b1[\"return err\"]",
        "b2[\"panic(x)<br>(no return)\"]",
    ];
    assert_eq!(
        drawn("if x, err := f(); err != nil { return err }\npanic(x)\ndead()"),
        lines(&expected[..])
    );
}

/// The texts of the nodes on some path, and how the paths end, with edges pruned by `knows`.
struct Trace<'k> {
    knows: &'k [(&'k str, bool)],
    seen: Vec<String>,
    ends: Vec<String>,
}

impl<'t> Paths<'t> for Trace<'_> {
    type State = ();

    fn visit(&mut self, node: Node<'t>, _state: &mut ()) -> Flow {
        let is_jump = matches!(
            node.kind(),
            Kind::BreakStatement | Kind::ContinueStatement | Kind::GotoStatement
        );
        if !is_jump {
            self.seen.push(node.text().to_owned());
        }
        match node.text() {
            "stop()" => Flow::Stop,
            _ => Flow::Continue,
        }
    }

    fn follow(&mut self, condition: Condition<'t>, _state: &mut ()) -> Flow {
        let text = match condition.test {
            Test::True(node) => node.text().to_owned(),
            Test::Equal(tag, value) => format!("{} == {}", tag.text(), value.text()),
        };
        let known = self.knows.iter().find(|(test, _)| *test == text);
        match known.is_none_or(|(_, holds)| *holds == condition.holds) {
            true => Flow::Continue,
            false => Flow::Stop,
        }
    }

    fn leave(&mut self, exit: Exit<'t>, _state: &()) {
        self.ends.push(match exit {
            Exit::Return(node) => node.text().to_owned(),
            Exit::FallOff(_) => "end".to_owned(),
            Exit::NoReturn(node) => format!("{}!", node.text().lines().next().unwrap_or("")),
        });
    }
}

fn traced(body: &str, knows: &[(&str, bool)]) -> (Vec<String>, Vec<String>) {
    let tree = tree_of(body);
    let cfg = cfg_of(&tree);
    let mut trace = Trace {
        knows,
        seen: Vec::new(),
        ends: Vec::new(),
    };
    walk(&cfg, cfg.entry(), (), &mut trace);
    trace.seen.sort();
    trace.seen.dedup();
    trace.ends.sort();
    (trace.seen, trace.ends)
}

#[test]
fn loops_may_run_zero_times() {
    let expected = [
        "b0[\"i := 0\"]",
        "b0 --> b1",
        "b1[\"i < n\"]",
        "b1 -->|\"i < n\"| b2",
        "b1 -->|\"not i < n\"| b3",
        "b2[\"f(i)\"]",
        "b2 --> b4",
        "b3[\"(end)\"]",
        "b4[\"i++\"]",
        "b4 --> b1",
    ];
    assert_eq!(drawn("for i := 0; i < n; i++ { f(i) }"), lines(&expected));
    let expected = [
        "b0[\"rows()\"]",
        "b0 --> b1",
        "b1[\"(range)\"]",
        "b1 --> b2",
        "b1 --> b3",
        "b2[\"i, row<br>f(row)\"]",
        "b2 --> b1",
        "b3[\"(end)\"]",
    ];
    assert_eq!(drawn("for i, row := range rows() { f(row) }"), lines(&expected));
}

#[test]
fn endless_loops_have_no_exit_but_their_breaks() {
    assert_eq!(traced("for { f() }\ng()", &[]).1, [""; 0]);
    assert_eq!(traced("for {}\ng()", &[]).1, [""; 0]);
    assert_eq!(
        traced("for { if x { break }; f() }\ng()", &[]).0,
        ["f()", "g()", "x"]
    );
}

#[test]
fn labels_lead_breaks_continues_and_gotos() {
    let body = "outer:\nfor a() {\n\tfor b() {\n\t\tif x { continue outer }\n\t\tbreak outer\n\t}\n\tinner()\n}\nend()";
    let (seen, _) = traced(body, &[("b()", true)]);
    assert_eq!(seen, ["a()", "b()", "end()", "x"]);
    let (seen, ends) = traced("goto end\nskipped()\nend:\nlast()\nif again { goto end }", &[]);
    assert_eq!(seen, ["again", "last()"]);
    assert_eq!(ends, ["end"]);
}

#[test]
fn a_break_in_a_select_or_switch_leaves_only_that() {
    let body =
        "for {\n\tselect {\n\tcase v := <-ch:\n\t\tbreak\n\tcase out <- f():\n\t\treturn\n\t}\n\tafter()\n}";
    let (seen, ends) = traced(body, &[]);
    assert_eq!(seen, ["after()", "out <- f()", "return", "v := <-ch"]);
    assert_eq!(ends, ["return"]);
    assert_eq!(traced("select {}\nf()", &[]).1, ["select {}!"]);
}

/// The ways taken, as `statement: way`.
struct Ways(Vec<String>);

impl<'t> Paths<'t> for Ways {
    type State = ();

    fn visit(&mut self, _node: Node<'t>, _state: &mut ()) -> Flow {
        Flow::Continue
    }

    fn choose(&mut self, branch: Node<'t>, way: usize, _state: &mut ()) -> Flow {
        self.0
            .push(format!("{} {way}", branch.text().split(' ').next().unwrap()));
        match (branch.kind(), way) {
            (Kind::SelectStatement, 1) => Flow::Stop,
            _ => Flow::Continue,
        }
    }

    fn leave(&mut self, exit: Exit<'t>, _state: &()) {
        self.0.push(match exit {
            Exit::Return(node) => node.text().to_owned(),
            _ => "end".to_owned(),
        });
    }
}

#[test]
fn ways_of_ranges_and_selects_are_told_and_can_be_closed() {
    let tree =
        tree_of("for range ch {\n\tselect {\n\tcase <-a:\n\tcase <-b:\n\t\treturn 1\n\tdefault:\n\t}\n}");
    let cfg = cfg_of(&tree);
    let mut ways = Ways(Vec::new());
    walk(&cfg, cfg.entry(), (), &mut ways);
    ways.0.sort();
    let expected = ["end", "for 0", "for 1", "select 0", "select 1", "select 2"];
    assert_eq!(ways.0, expected);
}

#[test]
fn switches_ask_their_cases_in_order() {
    let body = "switch {\ncase a, b:\n\tone()\n\tfallthrough\ncase c:\n\ttwo()\ndefault:\n\tthree()\n}";
    assert_eq!(traced(body, &[("a", true)]).0, ["a", "one()", "two()"]);
    assert_eq!(
        traced(body, &[("a", false), ("b", false), ("c", true)]).0,
        ["a", "b", "c", "two()"]
    );
    assert_eq!(
        traced(body, &[("a", false), ("b", false), ("c", false)]).0,
        ["a", "b", "c", "three()"]
    );
    let tagged = "switch err := f(); err {\ncase nil:\n\treturn\ncase other:\n\tx()\n}";
    assert_eq!(traced(tagged, &[("err == nil", true)]).1, ["return"]);
    assert_eq!(traced(tagged, &[("err == nil", false)]).1, ["end"]);
}

#[test]
fn a_type_switch_without_default_may_match_nothing() {
    let body = "switch v := x.(type) {\ncase int:\n\treturn\ncase nil, error:\n\tf(v)\n}";
    assert_eq!(
        traced(body, &[]),
        (
            ["f(v)", "return", "x"].map(String::from).to_vec(),
            vec!["end".into(), "return".into()]
        )
    );
}

#[test]
fn defers_are_nodes_and_literals_are_opaque() {
    let (seen, ends) = traced(
        "defer func() { return }()\nf(func() { panic(1) })\nstop()\ng()",
        &[],
    );
    assert_eq!(
        seen,
        ["defer func() { return }()", "f(func() { panic(1) })", "stop()"]
    );
    assert!(ends.is_empty());
}

#[test]
fn a_part_of_a_statement_runs_where_the_statement_does() {
    let tree = tree_of("a()\nif x := b(c); x && d() { func() { e() }() }\nreturn\nf()");
    let cfg = cfg_of(&tree);
    let node = |text: &str| {
        tree.root()
            .descendants()
            .find(|node| node.text() == text)
            .unwrap()
    };
    let text_at = |text: &str| {
        let point = cfg.point_of(node(text))?;
        Some(cfg.block(point.block).nodes[point.index].text())
    };
    assert_eq!(text_at("c"), Some("x := b(c)"));
    assert_eq!(text_at("d"), Some("d()"));
    assert_eq!(text_at("e"), None);
    assert_eq!(text_at("f"), None);
    assert!(cfg.returns());
}

#[test]
fn deep_nesting_does_not_overflow_the_stack() {
    let blocks = format!("{}f(){}", "{".repeat(1_000), "}".repeat(1_000));
    assert_eq!(traced(&blocks, &[]).1, ["end"]);
    let conditions = format!("if {}a {{}}", "a && ".repeat(1_000));
    assert_eq!(traced(&conditions, &[]).1, ["end"]);
}
