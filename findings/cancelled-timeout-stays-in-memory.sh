#!/bin/sh
# A context.WithTimeout that was cancelled stays in memory, with its values, until its deadline would have passed.
#
# Surprise: the documentation says that cancelling a context releases the resources associated with it, so one expects
#   the garbage collector to take the context and its values. Its stopped timer stays in the heap of the processor
#   until more than a quarter of the timers there are stopped ones, or it comes to lie at an end of the heap. Beside
#   many long-lived timers a few cancelled contexts are kept for as long as their deadline is away.
# Version: Go 1.26.8, standard library only.
# Source: timers.check and timers.cleanHead in runtime/time.go; Stop of a timer marks it only.
# Why it matters: a test that watches contexts by weak pointers or finalizers counts a leak after a right
#   `defer cancel()`, now and then only.
. "$(dirname "$0")/lib.sh"
printf 'version:  %s\n' "$(go env GOVERSION)"
expected 'none of ten contexts is kept once it is cancelled and the collector ran'

go mod init example.org/find 2>init.log
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"time"
	"weak"
)

func main() {
	runtime.GOMAXPROCS(1)
	// As a server with idle connections has them.
	for minute := range 100 {
		time.AfterFunc(time.Duration(1+minute)*time.Minute, func() {})
	}
	var watched []weak.Pointer[byte]
	for range 10 {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Minute)
		watched = append(watched, weak.Make((*byte)(reflect.ValueOf(ctx).UnsafePointer())))
		// What another connection sets meanwhile.
		time.AfterFunc(40*time.Minute, func() {})
		cancel()
	}
	kept := func() bool {
		runtime.GC()
		runtime.GC()
		for _, context := range watched {
			if context.Value() != nil {
				return true
			}
		}
		return false
	}
	time.Sleep(time.Second)
	fmt.Println("some are kept after cancel:", kept())
	var others []*time.Timer
	for range 1000 {
		others = append(others, time.AfterFunc(time.Hour, func() {}))
	}
	for _, timer := range others {
		timer.Stop()
	}
	runtime.Gosched()
	fmt.Println("some are kept after many other timers were stopped:", kept())
}
GO
run
same <<'END'
some are kept after cancel: true
some are kept after many other timers were stopped: false
END
