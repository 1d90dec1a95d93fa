#!/bin/sh
# The index of Fiber's pprof middleware links to profiles that it does not serve.
#
# Surprise: the index page is net/http/pprof's own and lists every profile of the process, those made with
#   pprof.NewProfile too. The middleware serves a fixed list of names and redirects the rest to the index, so the
#   link of a custom profile leads back to the page it stands on.
# Version: github.com/gofiber/fiber/v2 v2.52.15 and github.com/gofiber/fiber/v3 v3.5.0, Go 1.26.8.
# Source: the switch in New of middleware/pprof/pprof.go; pprof.Index in net/http/pprof.
# Why it matters: custom profiles are how a service counts open rows, files or sessions by the stack that opened
#   them, and goroutineleak is another name outside of the list. A client that follows redirects gets 200 and HTML
#   instead of a profile. Mount net/http/pprof through the adaptor to read them.
. "$(dirname "$0")/lib.sh"
module github.com/gofiber/fiber/v2@v2.52.15 github.com/gofiber/fiber/v3@v3.5.0
expected '200 and the profile for each name that the index lists, as net/http/pprof answers'

cat >main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	stdlib "net/http/pprof"
	"runtime/pprof"
	"strings"

	v2 "github.com/gofiber/fiber/v2"
	pprof2 "github.com/gofiber/fiber/v2/middleware/pprof"
	v3 "github.com/gofiber/fiber/v3"
	pprof3 "github.com/gofiber/fiber/v3/middleware/pprof"
)

const index = "/debug/pprof/"

func main() {
	pprof.NewProfile("open_rows").Add(new(int), 0)
	app2 := v2.New()
	app2.Use(pprof2.New())
	app3 := v3.New()
	app3.Use(pprof3.New())
	show("net/http/pprof", func(r *http.Request) (*http.Response, error) {
		w := httptest.NewRecorder()
		stdlib.Index(w, r)
		return w.Result(), nil
	})
	show("fiber v2", func(r *http.Request) (*http.Response, error) { return app2.Test(r, -1) })
	show("fiber v3", func(r *http.Request) (*http.Response, error) { return app3.Test(r) })
}

func show(name string, ask func(*http.Request) (*http.Response, error)) {
	page, err := ask(httptest.NewRequest("GET", index, nil))
	if err != nil {
		panic(err)
	}
	text, err := io.ReadAll(page.Body)
	if err != nil {
		panic(err)
	}
	profile, err := ask(httptest.NewRequest("GET", index+"open_rows?debug=1", nil))
	if err != nil {
		panic(err)
	}
	listed := strings.Contains(string(text), "open_rows?debug=1")
	fmt.Printf("%s: listed %v, answer %d %s\n", name, listed, profile.StatusCode, profile.Header.Get("Location"))
}
GO
run
sed -i 's/ *$//' seen
same <<'END'
net/http/pprof: listed true, answer 200
fiber v2: listed true, answer 302 /debug/pprof/
fiber v3: listed true, answer 303 /debug/pprof/
END
