#!/bin/sh
# With Immutable set, what Bind fills in still changes under the map that keeps it.
#
# Surprise: Immutable makes c.Query return copies, but c.Bind().Query stores strings that point into the request
#   buffer. Used as map keys they are overwritten by the next request of the same connection: the map then holds
#   several equal keys, none of which can be looked up or deleted.
# Version: github.com/gofiber/fiber/v3 v3.5.0 with fasthttp v1.73.0, Go 1.26.8.
# Source: QueryBinding.Bind in fiber/v3/binder/query.go (utils.UnsafeString whatever the configuration). The guide
#   on binding (docs/api/bind.md) names Immutable as the alternative to copying.
# Why it matters: a map keyed by a bound value grows past the number of keys and nothing that deletes by key shrinks
#   it: a leak. The repair is strings.Clone where the value is kept; relying on Immutable is none.
. "$(dirname "$0")/lib.sh"
module github.com/gofiber/fiber/v3@v3.5.0
expected 'the keys ann bob cyd, each of them found, in both maps'

cat >main.go <<'GO'
package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v3"
)

func main() {
	app := fiber.New(fiber.Config{Immutable: true})
	byQuery, byBind := map[string]bool{}, map[string]bool{}
	app.Get("/", func(c fiber.Ctx) error {
		var in struct {
			ID string `query:"id"`
		}
		if err := c.Bind().Query(&in); err != nil {
			return err
		}
		byQuery[c.Query("id")] = true
		byBind[in.ID] = true
		return nil
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true})

	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		panic(err)
	}
	reader := bufio.NewReader(conn)
	for _, id := range []string{"ann", "bob", "cyd"} {
		fmt.Fprintf(conn, "GET /?id=%s HTTP/1.1\r\nHost: localhost\r\n\r\n", id)
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	show("c.Query", byQuery)
	show("Bind().Query", byBind)
}

func show(name string, m map[string]bool) {
	var keys []string
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	fmt.Printf("%s: keys %s; found: ann %v, bob %v\n", name, strings.Join(keys, " "), m["ann"], m["bob"])
}
GO
run
same <<'END'
c.Query: keys ann bob cyd; found: ann true, bob true
Bind().Query: keys cyd cyd cyd; found: ann false, bob false
END
