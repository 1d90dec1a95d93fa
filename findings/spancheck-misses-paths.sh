#!/bin/sh
# spancheck misses paths on which a span is not ended.
#
# Surprise: an early return without End is reported if it returns an error, not if it returns nil. An error returned
#   below a branch that alone ends the span is not reported either, nor a span that `continue` skips over. The search
#   counts only returns of an error, which the README describes for SetStatus and RecordError, and it does not go on
#   into the block after a branch or a loop. go vet's lostcancel reports the same shapes with a cancel function.
# Version: github.com/jjti/go-spancheck v0.6.5 (also in golangci-lint), go.opentelemetry.io/otel/trace v1.38.0,
#   Go 1.26.8.
# Source: getMissingSpanCalls, getErrorReturn and nestedBlockTypes (without KindIfDone) in go-spancheck/spancheck.go;
#   the message of the check speaks of all paths.
# Why it matters: a span that is never ended is never exported: the trace has a hole. Code that is clean by
#   spancheck still has to be searched, and its silence proves no repair.
. "$(dirname "$0")/lib.sh"
module github.com/jjti/go-spancheck@v0.6.5 go.opentelemetry.io/otel/trace@v1.38.0
expected 'a report for each of the functions, as lostcancel gives for cancel functions'

GOBIN=$work go install github.com/jjti/go-spancheck/cmd/spancheck 2>install.log || { cat install.log; exit 1; }
# The same shapes twice: $1 is the file, $2 what it imports, $3 begins, $4 ends, $5 tells the functions apart.
shapes() {
	cat >"$1" <<-GO
		package find

		import (
			"context"
			$2
		)

		func returnsError$5(ctx context.Context, skip bool) error {
			_, x := $3
			if skip {
				return context.Canceled
			}
			$4
			return nil
		}

		func returnsNil$5(ctx context.Context, skip bool) error {
			_, x := $3
			if skip {
				return nil
			}
			$4
			return nil
		}

		func errorBelowBranch$5(ctx context.Context, end bool) error {
			_, x := $3
			if end {
				$4
			}
			return context.Canceled
		}

		func loopContinues$5(ctx context.Context, skips []bool) error {
			for _, skip := range skips {
				_, x := $3
				if skip {
					continue
				}
				$4
			}
			return nil
		}
	GO
}
shapes cancel.go '' 'context.WithCancel(ctx)' 'x()' Cancel
shapes span.go '"go.opentelemetry.io/otel/trace"' 'tracer.Start(ctx, "work")' 'x.End()' Span
printf '\nvar tracer trace.Tracer\n' >>span.go
go build . 2>build.log || { cat build.log; exit 1; }
go vet -lostcancel . >cancel.log 2>&1 || true
"$work/spancheck" . >span.log 2>&1 || true
for shape in returnsError returnsNil errorBelowBranch loopContinues; do
	for kind in Cancel Span; do
		file=$(echo "$kind" | tr CS cs)
		line=$(sed -n "/^func $shape$kind(/,/^}/{/_, x :=/=}" "$file.go")
		verdict=silent
		grep -q "$file.go:$line:.*on all paths" "$file.log" && verdict=reported
		echo "$shape $file: $verdict"
	done
done >seen
same <<'END'
returnsError cancel: reported
returnsError span: reported
returnsNil cancel: reported
returnsNil span: silent
errorBelowBranch cancel: reported
errorBelowBranch span: silent
loopContinues cancel: reported
loopContinues span: silent
END
