#!/bin/sh
# The slice of path values that echo gave a handler shows the next request's values afterwards.
#
# Surprise: everything that echo hands out is an ordinary Go value, c.QueryParams() stays as it is, and so do single
#   strings of c.Param. But c.ParamValues() (v5: c.PathValues()) is the context's own slice: kept, or read by a
#   goroutine that the handler started, it turns into the values of a request of somebody else. gin's c.Params is the
#   same.
# Version: github.com/labstack/echo/v4 v4.16.5, github.com/labstack/echo/v5 v5.4.6, github.com/gin-gonic/gin v1.12.0,
#   Go 1.26.8.
# Source: context.ParamValues in echo/v4/context.go (c.pvalues[:n]), Context.PathValues in echo/v5/context.go
#   (*c.pathValues), Context.reset in gin/context.go (c.Params[:0]). echo's documentation says nothing of it.
# Why it matters: "take the values before the goroutine starts" is the repair for a recycled context, and here it is
#   none: slices.Clone is.
. "$(dirname "$0")/lib.sh"
module github.com/labstack/echo/v4@v4.16.5 github.com/labstack/echo/v5@v5.4.6 github.com/gin-gonic/gin@v1.12.0
expected 'ann, in everything that the handler of ann kept'

cat >main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"

	"github.com/gin-gonic/gin"
	echo4 "github.com/labstack/echo/v4"
	echo5 "github.com/labstack/echo/v5"
)

func main() {
	// One processor and no collection: the pool gives back what it was given.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)

	var kept []func() string
	v4 := echo4.New()
	v4.GET("/:id", func(c echo4.Context) error {
		one, all, query := c.Param("id"), c.ParamValues(), c.QueryParams()
		kept = append(kept, func() string { return fmt.Sprintf("%v %v %v", one, all, query["id"]) })
		return nil
	})
	visit("echo v4, Param ParamValues QueryParams", v4, &kept)

	v5 := echo5.New()
	v5.GET("/:id", func(c *echo5.Context) error {
		one, all, query := c.Param("id"), c.PathValues(), c.QueryParams()
		kept = append(kept, func() string { return fmt.Sprintf("%v %v %v", one, all, query["id"]) })
		return nil
	})
	visit("echo v5, Param PathValues QueryParams", v5, &kept)

	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.GET("/:id", func(c *gin.Context) {
		one, all, query := c.Param("id"), c.Params, c.QueryArray("id")
		kept = append(kept, func() string { return fmt.Sprintf("%v %v %v", one, all, query) })
	})
	visit("gin, Param Params QueryArray", engine, &kept)
}

func visit(name string, handler http.Handler, kept *[]func() string) {
	*kept = nil
	server := httptest.NewServer(handler)
	for _, id := range []string{"ann", "bob"} {
		answer, err := http.Get(server.URL + "/" + id + "?id=" + id)
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
	}
	fmt.Printf("%s: of ann %s\n", name, (*kept)[0]())
}
GO
run
same <<'END'
echo v4, Param ParamValues QueryParams: of ann ann [bob] [ann]
echo v5, Param PathValues QueryParams: of ann ann [{id bob}] [ann]
gin, Param Params QueryArray: of ann ann [{id bob}] [ann]
END
