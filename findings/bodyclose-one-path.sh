#!/bin/sh
# bodyclose is content with a Close on the one path that fails, and reports a body that is always closed.
#
# Surprise: bodyclose works on SSA, so one expects it to follow paths. It asks only whether a Close of the body is
#   called anywhere: a Close in the branch for a bad status silences the plain leak on the good path, while
#   `done := resp.Body.Close` with `defer done()` closes on every path and is reported.
# Version: github.com/timakin/bodyclose v0.0.0-20260723120731-857993a2939c (also in golangci-lint), Go 1.26.8.
# Source: isopen and isCloseCall in passes/bodyclose/bodyclose.go; the README says that it checks whether the body
#   is closed correctly, and its limits name only the check of consumption.
# Why it matters: a clean report is often the acceptance test of a repair. Here it says nothing of the path by which
#   most requests leave.
. "$(dirname "$0")/lib.sh"
module github.com/timakin/bodyclose@v0.0.0-20260723120731-857993a2939c
expected 'reports for leakPlain and leakAfterBadStatus, none for closedByValue'

GOBIN=$work go install github.com/timakin/bodyclose 2>install.log || { cat install.log; exit 1; }
mkdir code
cat >code/body.go <<'GO'
package code

import (
	"errors"
	"io"
	"net/http"
)

func leakPlain(address string) ([]byte, error) {
	resp, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(resp.Body)
}

func leakAfterBadStatus(address string) ([]byte, error) {
	resp, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, errors.New(resp.Status)
	}
	return io.ReadAll(resp.Body)
}

func closedByValue(address string) ([]byte, error) {
	resp, err := http.Get(address)
	if err != nil {
		return nil, err
	}
	done := resp.Body.Close
	defer done()
	return io.ReadAll(resp.Body)
}
GO
go vet -vettool="$work/bodyclose" ./code >vet.log 2>&1 || true
for name in leakPlain leakAfterBadStatus closedByValue; do
	hit=silent
	from=$(grep -n "^func $name(" code/body.go | cut -d: -f1)
	grep -q "body.go:$((from + 1)):.*response body must be closed" vet.log && hit=reported
	echo "$name: $hit"
done >seen
same <<'END'
leakPlain: reported
leakAfterBadStatus: silent
closedByValue: reported
END
