#!/bin/sh
# r3labs/sse: Unsubscribe leaks what cancelling the context would have ended.
#
# Surprise: Unsubscribe stops the goroutine that forwards events and closes the answer, but the goroutine that reads
#   them waits to hand over its next event or its error on an unbuffered channel that nobody receives from any more.
#   Cancelling the context afterwards does not reach it. Cancelling the context *instead* ends both.
# Version: github.com/r3labs/sse/v2 v2.10.0, Go 1.26.8.
# Source: Client.SubscribeChanWithContext, readLoop and Unsubscribe in sse/client.go.
# Why it matters: a subscription without an end is repaired by the call that is named for it, and a goroutine is left
#   for each subscription all the same. The repair that holds is a cancellable context.
. "$(dirname "$0")/lib.sh"
module github.com/r3labs/sse/v2@v2.10.0
expected 'no goroutine is left either way'

counter
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"time"

	"github.com/r3labs/sse/v2"
)

func main() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for r.Context().Err() == nil {
			io.WriteString(w, "data: tick\n\n")
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	}))
	defer server.Close()
	for _, unsubscribe := range []bool{false, true} {
		name := "cancel"
		if unsubscribe {
			name = "Unsubscribe, then cancel"
		}
		before := runtime.NumGoroutine()
		for range 5 {
			subscribe(server.URL, unsubscribe)
		}
		fmt.Printf("%s: 5 subscriptions ended, %d goroutines left\n", name, left(before))
	}
}

func subscribe(address string, unsubscribe bool) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	client := sse.NewClient(address)
	client.Connection.Transport = &http.Transport{DisableKeepAlives: true}
	events := make(chan *sse.Event)
	if err := client.SubscribeChanWithContext(ctx, "", events); err != nil {
		panic(err)
	}
	<-events
	if unsubscribe {
		client.Unsubscribe(events)
	}
}
GO
run
same <<'END'
cancel: 5 subscriptions ended, 0 goroutines left
Unsubscribe, then cancel: 5 subscriptions ended, 5 goroutines left
END
