#!/bin/sh
# A net/http event stream that ends with its client lives on under Fiber's adaptor.
#
# Surprise: a handler that flushes and then waits for r.Context().Done() ends under net/http as soon as the client is
#   gone. The adaptor runs the same handler and passes on what it flushes, but r.Context() is the fasthttp request
#   context there, which ends at the shutdown of the server only.
# Version: github.com/gofiber/fiber/v3 v3.5.0 with fasthttp v1.73.0, Go 1.26.8.
# Source: NewFastHTTPHandler in fasthttp/fasthttpadaptor/adaptor.go (r.WithContext of the RequestCtx); RequestCtx.Done
#   in fasthttp/server.go. Fiber's guide says of its own contexts that they do not end on a disconnect; the adaptor's
#   page (docs/middleware/adaptor.md) says nothing of handlers that rely on it.
# Why it matters: the documented way to end a stream in net/http is a leak of one goroutine a client here. The repair
#   is a heartbeat whose write error ends the loop, not another context.
. "$(dirname "$0")/lib.sh"
module github.com/gofiber/fiber/v3@v3.5.0
expected 'no handler is left after the clients went, in both servers'

cat >main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/adaptor"
)

var alive atomic.Int32

func stream(w http.ResponseWriter, r *http.Request) {
	alive.Add(1)
	defer alive.Add(-1)
	w.Header().Set("Content-Type", "text/event-stream")
	io.WriteString(w, "data: hello\n\n")
	w.(http.Flusher).Flush()
	<-r.Context().Done()
}

func main() {
	server := httptest.NewServer(http.HandlerFunc(stream))
	visit("net/http", server.URL)
	server.Close()

	app := fiber.New()
	app.Get("/", adaptor.HTTPHandlerFunc(stream))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true})
	visit("fiber v3", "http://"+listener.Addr().String())
}

func visit(name, address string) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 5 {
		answer, err := client.Get(address)
		if err != nil {
			panic(err)
		}
		if _, err := io.ReadFull(answer.Body, make([]byte, len("data: hello"))); err != nil {
			panic(err)
		}
		answer.Body.Close() // the client is gone
	}
	for i := 0; i < 30 && alive.Load() > 0; i++ {
		time.Sleep(100 * time.Millisecond)
	}
	fmt.Printf("%s: 5 clients gone, %d handlers alive\n", name, alive.Load())
}
GO
run
same <<'END'
net/http: 5 clients gone, 0 handlers alive
fiber v3: 5 clients gone, 5 handlers alive
END
