#!/bin/sh
# A goroutine profile saved with debug=1 is read without complaint, but by route it counts nothing.
#
# Surprise: github.com/google/pprof/profile takes the text form of a goroutine profile and returns no error, though
#   it skips the lines that carry the labels and the names of the functions. Samples with the same stack that
#   differed by label stay apart with nothing to tell them by. The text of debug=2 is refused with a plain error.
# Version: github.com/google/pprof v0.0.0-20261105003125-4bf881d7fb0b, Go 1.26.8.
# Source: parseGoCount in profile/legacy_profile.go treats lines that begin with # as comments; runtime/pprof writes
#   "# labels:" and "#\t0x..." lines (printCountProfile in runtime/pprof/pprof.go).
# Why it matters: the text form is what people paste into issues, and it shows the labels to the eye. Merged or
#   compared by a tool, the growth per route is gone. Ask for debug=0 before and after a repair.
. "$(dirname "$0")/lib.sh"
module github.com/google/pprof@v0.0.0-20261105003125-4bf881d7fb0b
expected 'labels and functions from either form, or an error'

cat >main.go <<'GO'
package main

import (
	"bytes"
	"context"
	"fmt"
	"runtime/pprof"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

func main() {
	for _, route := range []string{"/orders", "/orders", "/users"} {
		labels := pprof.Labels("route", route)
		go pprof.Do(context.Background(), labels, func(context.Context) { select {} })
	}
	time.Sleep(200 * time.Millisecond)
	for debug := range 3 {
		var dump bytes.Buffer
		if err := pprof.Lookup("goroutine").WriteTo(&dump, debug); err != nil {
			panic(err)
		}
		shown := strings.Contains(dump.String(), `labels: {"route":"/orders"}`)
		read, err := profile.Parse(&dump)
		if err != nil {
			fmt.Printf("debug=%d: %v\n", debug, err)
			continue
		}
		var routes []string
		for _, sample := range read.Sample {
			routes = append(routes, sample.Label["route"]...)
		}
		slices.Sort(routes)
		fmt.Printf("debug=%d: labels in the text %v; read: %d samples, routes %v, functions %v\n",
			debug, shown, len(read.Sample), routes, len(read.Function) > 0)
	}
}
GO
run
same <<'END'
debug=0: labels in the text false; read: 3 samples, routes [/orders /users], functions true
debug=1: labels in the text true; read: 3 samples, routes [], functions false
debug=2: parsing profile: unrecognized profile format
END
