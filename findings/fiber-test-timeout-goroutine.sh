#!/bin/sh
# A timed-out app.Test leaks a goroutine that no fix of the tested handler can end.
#
# Surprise: app.Test of Fiber v2 serves the request in a goroutine that sends its result over an unbuffered channel.
#   After the timeout nobody receives, so the goroutine stays for good although the handler has returned.
# Version: github.com/gofiber/fiber/v2 v2.52.15, Go 1.26.8.
# Source: App.Test in fiber/v2/app.go (channel := make(chan error)). Fiber v3 is not affected.
# Why it matters: a test that counts goroutines around a slow handler blames the handler. Tests of leaks pass -1 and
#   bound the time elsewhere.
. "$(dirname "$0")/lib.sh"
module github.com/gofiber/fiber/v2@v2.52.15
expected 'no goroutine is left once the slow handlers have returned'

counter
cat >main.go <<'GO'
package main

import (
	"fmt"
	"net/http/httptest"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"
)

func main() {
	var returned atomic.Int32
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/", func(c *fiber.Ctx) error {
		defer returned.Add(1)
		time.Sleep(200 * time.Millisecond)
		return nil
	})
	for _, timeout := range []int{-1, 20} {
		app.Test(httptest.NewRequest("GET", "/", nil), -1) // what starts once per process
		returned.Store(0)
		before := runtime.NumGoroutine()
		for range 5 {
			app.Test(httptest.NewRequest("GET", "/", nil), timeout)
		}
		stay := left(before)
		fmt.Printf("timeout %d: %d handlers returned, %d goroutines left\n", timeout, returned.Load(), stay)
	}
}
GO
run
same <<'END'
timeout -1: 5 handlers returned, 0 goroutines left
timeout 20: 5 handlers returned, 5 goroutines left
END
