# Shared by the scripts beside this file (sourced, never run): a clean folder that goes away at the end, pinned
# versions, and the comparison that makes a script fail once the library behaves otherwise.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
cd "$work"
# The same Go everywhere: the client fetches it where another one is installed.
export GOTOOLCHAIN=go1.26.8 GOWORK=off GOFLAGS=-mod=mod

# module M@V...: makes the folder a Go module that requires just these versions.
module() {
	go mod init example.org/find 2>init.log || { cat init.log; exit 1; }
	go mod edit -go=1.26
	for requirement; do go mod edit -require="$requirement"; done
	printf 'version:  %s, %s\n' "$*" "$(go env GOVERSION)"
}

# counter: adds left(), which waits until the goroutines started since `before` have ended, 5 s at most, and says
# how many have not.
counter() {
	cat >left.go <<-'GO'
		package main

		import (
			"runtime"
			"time"
		)

		func left(before int) int {
			for i := 0; i < 50 && runtime.NumGoroutine() > before; i++ {
				time.Sleep(100 * time.Millisecond)
				runtime.GC()
			}
			return runtime.NumGoroutine() - before
		}
	GO
}

# run ARGUMENT...: runs the program of the folder; its output is what same compares.
run() {
	go run . "$@" >seen 2>run.log || { cat seen run.log; exit 1; }
}

# expected TEXT: what the documentation says or a reader of it would guess.
expected() { printf 'expected: %s\n' "$1"; }

# same: compares the file `seen` with standard input.
same() {
	cat >wanted
	printf 'observed:\n'
	sed 's/^/  /' seen
	if ! cmp -s wanted seen; then
		printf 'CHANGED: this find was written for\n'
		sed 's/^/  /' wanted
		exit 1
	fi
}
