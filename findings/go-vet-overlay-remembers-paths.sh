#!/bin/sh
# `go vet -overlay` names the file of an earlier run: its answers are cached by content, with the paths inside.
#
# Surprise: one expects a message to name the file that the overlay of this run gives, or the one that it replaces.
#   When a package was vetted before with the same content, the old answer is printed word for word, with the path of
#   the replacement of that time, whether or not it still exists.
# Version: Go 1.26.8.
# Source: the vet action in cmd/go/internal/work/exec.go saves vet's output under a key that holds the content of the
#   replacement and not where it lies.
# Why it matters: who judges edits before writing them (editors, fixers) reads places out of such messages. Each run
#   uses a temporary folder, so a replacement cannot be told by its path.
. "$(dirname "$0")/lib.sh"
printf 'version:  %s\n' "$(go env GOVERSION)"
expected 'each run names its own replacement, or main.go'

go mod init example.org/find 2>init.log
printf 'package main\n\nfunc main() {}\n' >main.go
for name in first second; do
	mkdir "$name"
	# A content of its own for each run of this script: the cache outlives it.
	printf '// %s\n\npackage main\n\nimport "fmt"\n\nfunc main() { fmt.Printf("%%d\\n") }\n' "$work" >"$name/new.go"
	printf '{"Replace":{"%s/main.go":"%s/%s/new.go"}}' "$work" "$work" "$name" >"$name/overlay.json"
done
for name in first second; do
	go vet -overlay="$work/$name/overlay.json" . 2>&1 | grep -o '[a-z]*/new.go.*' | sed "s/^/overlay of $name: /"
	rm "$name/new.go"
done >seen
same <<'END'
overlay of first: first/new.go:7:27: fmt.Printf format %d reads arg #1, but call has 0 args
overlay of second: first/new.go:7:27: fmt.Printf format %d reads arg #1, but call has 0 args
END
