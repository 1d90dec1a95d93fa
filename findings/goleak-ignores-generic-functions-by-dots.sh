#!/bin/sh
# goleak ignores a generic function only under a name that ends in three dots, and then all of its instances.
#
# Surprise: IgnoreTopFunction wants the fully qualified name. For a generic function neither its name nor the name of
#   the instance matches: the name in a stack is `pkg.worker[...]`, literally. One such entry hides the instances of
#   every type argument at once; there is no way to ignore a single one.
# Version: go.uber.org/goleak v1.3.0, Go 1.26.8.
# Source: IgnoreTopFunction in goleak/options.go compares with the text of runtime.Stack, which writes type arguments
#   as [...]; the comment gives only a plain function as example.
# Why it matters: an entry that is meant for one known worker of a library is either without effect or hides a leak
#   that a repair was to end. A protocol-buffer profile names the same function `worker[go.shape.int]`, so a name
#   copied from there does not fit either.
. "$(dirname "$0")/lib.sh"
module go.uber.org/goleak@v1.3.0
expected 'worker[int] matches one goroutine, worker matches both'

cat >main.go <<'GO'
package main

import (
	"fmt"
	"time"

	"go.uber.org/goleak"
)

//go:noinline
func worker[T any](in chan T) { <-in }

func main() {
	go worker(make(chan int))
	go worker(make(chan string))
	time.Sleep(100 * time.Millisecond)
	for _, name := range []string{"main.worker", "main.worker[int]", "main.worker[go.shape.int]", "main.worker[...]"} {
		verdict := "no leak found"
		if goleak.Find(goleak.IgnoreTopFunction(name)) != nil {
			verdict = "leak found"
		}
		fmt.Printf("%s: %s\n", name, verdict)
	}
}
GO
run
same <<'END'
main.worker: leak found
main.worker[int]: leak found
main.worker[go.shape.int]: leak found
main.worker[...]: no leak found
END
