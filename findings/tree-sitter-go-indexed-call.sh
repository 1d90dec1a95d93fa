#!/bin/sh
# Whether `cancels[id](...)` is a call depends on how many arguments it has.
#
# Surprise: tree-sitter-go parses `name[index](arg)`, with a name as index and exactly one argument, as a conversion
#   to a generic type (type_conversion_expression over generic_type). No argument, two arguments or a literal as
#   index give a call_expression. There is no ERROR node to notice, and `go name[index](arg)` becomes a goroutine
#   that starts a conversion, which Go forbids.
# Version: tree-sitter-go 0.25.0 (PyPI wheel; the grammar of the crate), tree-sitter 0.25.2.
# Source: grammar.js of tree-sitter-go, type_conversion_expression and generic_type against call_expression.
# Why it matters: `cancels[id](err)` ends a context with its cause, `stop[id](ctx)` ends a worker. A query for
#   call_expression does not see them, so the context or the worker looks leaked.
. "$(dirname "$0")/lib.sh"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check tree-sitter==0.25.2 tree-sitter-go==0.25.0
venv/bin/pip freeze --disable-pip-version-check | tr '\n' ' ' | sed 's/^/version:  /; s/ *$/\n/'
expected 'a call_expression on every line; none is an error'

cat >parse.py <<'PY'
import tree_sitter_go
from tree_sitter import Language, Parser

parser = Parser(Language(tree_sitter_go.language()))
for line in [
    "stop[id]()",
    "stop[id](ctx)",
    "stop[id](ctx, err)",
    "stop[0](ctx)",
    "s.stop[id](ctx)",
    "go stop[id](ctx)",
    "defer stop[id](ctx)",
]:
    root = parser.parse(f"package p\nfunc f() {{ {line} }}\n".encode()).root_node
    kinds, todo = set(), [root]
    while todo:
        node = todo.pop()
        kinds.add(node.type)
        todo.extend(node.children)
    found = sorted(kinds & {"call_expression", "type_conversion_expression"})
    print(f"{line}: {', '.join(found)}{' ERROR' if root.has_error else ''}")
PY
venv/bin/python parse.py >seen
same <<'END'
stop[id](): call_expression
stop[id](ctx): type_conversion_expression
stop[id](ctx, err): call_expression
stop[0](ctx): call_expression
s.stop[id](ctx): type_conversion_expression
go stop[id](ctx): type_conversion_expression
defer stop[id](ctx): type_conversion_expression
END
