#!/bin/sh
# Fiber's own test helper cannot see a goroutine that the real server leaks for each request.
#
# Surprise: context.WithCancel on the request context, never cancelled, leaves one goroutine a request behind a
#   listener and none under app.Test. Under app.Test the connection is served without the server's done channel, so
#   Done() is nil and the context package need not watch the parent; behind a listener it starts a goroutine that
#   waits for the shutdown of the server.
# Version: github.com/gofiber/fiber/v2 v2.52.15 with fasthttp v1.51.0, Go 1.26.8.
# Source: RequestCtx.Done in fasthttp/server.go (s.done is made by Serve, not by ServeConn); App.Test in
#   fiber/v2/app.go; propagateCancel in context/context.go.
# Why it matters: a leak test written with app.Test, the documented way to test handlers, passes on the leaking code
#   and on the repaired one. Such a proof needs a listener.
. "$(dirname "$0")/lib.sh"
module github.com/gofiber/fiber/v2@v2.52.15
expected 'the same handler leaks as much under app.Test as behind a listener'

counter
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"

	"github.com/gofiber/fiber/v2"
)

var kept []context.CancelFunc

func main() {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/", func(c *fiber.Ctx) error {
		_, cancel := context.WithCancel(c.Context())
		kept = append(kept, cancel) // never called
		return nil
	})
	measure("app.Test", func() error {
		_, err := app.Test(httptest.NewRequest("GET", "/", nil), -1)
		return err
	})

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go app.Listener(listener)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	measure("listener", func() error {
		answer, err := client.Get("http://" + listener.Addr().String())
		if err == nil {
			answer.Body.Close()
		}
		return err
	})
}

func measure(name string, request func() error) {
	must(request()) // what starts once per process
	left(0)
	before := runtime.NumGoroutine()
	for range 10 {
		must(request())
	}
	fmt.Printf("%s: 10 requests leave %d goroutines\n", name, left(before))
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
GO
run
same <<'END'
app.Test: 10 requests leave 0 goroutines
listener: 10 requests leave 10 goroutines
END
