#!/bin/sh
# chi.URLParam answers for another request once the handler has returned, where r.PathValue goes on being right.
#
# Surprise: net/http gives each request an *http.Request of its own, and a goroutine may read it after the handler.
#   chi.URLParam(r, "id") of that same request then gives the parameter of whichever request came next: it looks in
#   a routing context that chi takes back to its pool. context.WithoutCancel(r.Context()), the usual way to outlive
#   the handler, carries it along; r.PathValue("id"), which chi sets too, stays as it was.
# Version: github.com/go-chi/chi/v5 v5.5.0, Go 1.26.8.
# Source: Mux.ServeHTTP in chi/mux.go (mx.pool.Put(rctx)), Context.Reset in chi/context.go. The documentation of
#   URLParam and of WithoutCancel say nothing of it.
# Why it matters: the context is kept alive by who kept it and shows a stranger's data. Read the parameter before the
#   goroutine starts, or use r.PathValue.
. "$(dirname "$0")/lib.sh"
module github.com/go-chi/chi/v5@v5.5.0
expected 'ann, whoever is asked and when: the request is the same'

cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"

	"github.com/go-chi/chi/v5"
)

func main() {
	// One processor and no collection: the pool gives back what it was given.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	ask, answered := make(chan string), make(chan bool)
	router := chi.NewRouter()
	router.Get("/first/{id}", func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithoutCancel(r.Context())
		go func() {
			for when := range ask {
				fmt.Printf("%s: URLParam %s, URLParamFromCtx %s, PathValue %s\n", when,
					chi.URLParam(r, "id"), chi.URLParamFromCtx(ctx, "id"), r.PathValue("id"))
				answered <- true
			}
		}()
	})
	router.Get("/second/{id}", func(w http.ResponseWriter, r *http.Request) {
		ask <- "during another request"
		<-answered
	})
	server := httptest.NewServer(router)
	get(server.URL + "/first/ann")
	ask <- "after the handler"
	<-answered
	get(server.URL + "/second/bob")
}

func get(address string) {
	answer, err := http.Get(address)
	if err != nil {
		panic(err)
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
}
GO
run
same <<'END'
after the handler: URLParam ann, URLParamFromCtx ann, PathValue ann
during another request: URLParam bob, URLParamFromCtx bob, PathValue ann
END
