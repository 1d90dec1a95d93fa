#!/bin/sh
# `go fix` turns a clean test into one that leaks a goroutine.
#
# Surprise: the fix `testingcontext` replaces `ctx, cancel := context.WithCancel(...)` + `defer cancel()` by
#   `ctx := t.Context()`. The deferred cancel ran when the function returned; t.Context() is cancelled later, before
#   the functions given to t.Cleanup. Whatever was deferred above it, such as goleak.VerifyNone or a WaitGroup's
#   Wait, used to run after the cancel and now runs before it.
# Version: Go 1.26.8, go.uber.org/goleak v1.3.0.
# Source: testingcontext.go of golang.org/x/tools/go/analysis/passes/modernize; Context in testing/testing.go;
#   `go tool fix help` says of such analyzers that it is safe to apply their fixes.
# Why it matters: after a repair the leak test decides. A clean-up of the tests beside it makes goleak blame a worker
#   that does end with its context; the repair is not what is wrong.
. "$(dirname "$0")/lib.sh"
module go.uber.org/goleak@v1.3.0
expected 'the same test passes before and after `go fix -testingcontext`'

cat >watch.go <<'GO'
package find

import "context"

// Watch starts a worker that ends with its context.
func Watch(ctx context.Context) {
	go func() { <-ctx.Done() }()
}
GO
cat >watch_test.go <<'GO'
package find

import (
	"context"
	"testing"

	"go.uber.org/goleak"
)

func TestWatch(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	Watch(ctx)
}
GO
verdict() {
	if go test . >test.log 2>&1; then echo "$1: passes"; else
		grep -q 'found unexpected goroutines' test.log || { cat test.log; exit 1; }
		echo "$1: fails, goleak found unexpected goroutines"
	fi
}
verdict before >seen
go fix -testingcontext .
grep 'ctx' watch_test.go >>seen
verdict after >>seen
same <<'END'
before: passes
	ctx := t.Context()
	Watch(ctx)
after: fails, goleak found unexpected goroutines
END
