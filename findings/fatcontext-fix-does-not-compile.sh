#!/bin/sh
# The fix that fatcontext applies breaks the build, or drops the values that the code collects.
#
# Surprise: fatcontext reports `ctx = context.WithValue(ctx, ...)` in a loop and replaces `=` by `:=`. Where the loop
#   builds a context for the code after it, the new variable is unused and the package no longer compiles. With a use
#   inside the loop it compiles, and what is returned after the loop has lost every value.
# Version: github.com/Crocmagnon/fatcontext v0.7.2 (also in golangci-lint), Go 1.26.8.
# Source: getSuggestedFixes in pkg/analyzer/analyzer.go: the same edit for every assignment in a loop, whatever reads
#   the variable; the README shows only the case in which nothing does.
# Why it matters: nested contexts are a real kind of growth, and -fix is run over whole repositories. A repair has to
#   ask what reads the variable after the loop, and to refuse where something does.
. "$(dirname "$0")/lib.sh"
module github.com/Crocmagnon/fatcontext@v0.7.2
expected 'code that builds and returns the same values after `fatcontext -fix`'

GOBIN=$work go install github.com/Crocmagnon/fatcontext/cmd/fatcontext 2>install.log || { cat install.log; exit 1; }
mkdir built used
cat >built/tags.go <<'GO'
package built

import "context"

type key string

// Tagged returns a context that carries all tags.
func Tagged(ctx context.Context, tags map[string]string) context.Context {
	for name, value := range tags {
		ctx = context.WithValue(ctx, key(name), value)
	}
	return ctx
}
GO
cat >used/tags.go <<'GO'
package main

import (
	"context"
	"fmt"
)

type key string

func main() {
	ctx := context.Background()
	for _, name := range []string{"tenant", "user"} {
		ctx = context.WithValue(ctx, key(name), name+" is set")
		_ = ctx.Err()
	}
	fmt.Println(ctx.Value(key("tenant")), "and", ctx.Value(key("user")))
}
GO
state() {
	echo "$1:"
	if go build ./built 2>build.log; then echo '  built: compiles'; else
		sed -n 's/.*tags.go:[0-9:]* /  built: /p' build.log
	fi
	echo "  used: $(go run ./used)"
}
state before >seen
"$work/fatcontext" -fix ./built ./used >fix.log 2>&1 || true
state after >>seen
same <<'END'
before:
  built: compiles
  used: tenant is set and user is set
after:
  built: declared and not used: ctx
  used: <nil> and <nil>
END
