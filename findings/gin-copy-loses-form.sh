#!/bin/sh
# In a goroutine, the form of gin's c.Copy() is empty or not, depending on whether somebody read it before.
#
# Surprise: Copy is "a copy of the current context that can be safely used outside the request's scope", and its
#   Param, Query, GetHeader, Cookie and Get go on answering. PostForm gives "" once the handler has returned, without
#   an error, unless the handler or a middleware had asked for some form value before: only then the body was read.
# Version: github.com/gin-gonic/gin v1.12.0, Go 1.26.8.
# Source: Context.Copy in gin/context.go (Request is shared, formCache is not copied); Context.initFormCache parses the
#   body at the first use, and net/http closes that when the handler returns.
# Why it matters: the documented repair of a context kept too long loses data. Read the form before the goroutine.
. "$(dirname "$0")/lib.sh"
module github.com/gin-gonic/gin@v1.12.0
expected 'query ann, form ann, both times'

cat >main.go <<'GO'
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/gin-gonic/gin"
)

func main() {
	gin.SetMode(gin.ReleaseMode)
	returned, answered := make(chan bool), make(chan bool)
	later := func(name string, c *gin.Context) {
		<-returned
		fmt.Printf("%s: query %q, form %q\n", name, c.Query("who"), c.PostForm("who"))
		answered <- true
	}
	engine := gin.New()
	engine.POST("/plain", func(c *gin.Context) { go later("copied", c.Copy()) })
	engine.POST("/asked", func(c *gin.Context) {
		c.PostForm("other")
		go later("asked for another value, then copied", c.Copy())
	})
	server := httptest.NewServer(engine)
	for _, path := range []string{"/plain", "/asked"} {
		answer, err := http.PostForm(server.URL+path+"?who=ann", url.Values{"who": {"ann"}})
		if err != nil {
			panic(err)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		returned <- true // net/http answers when the handler has returned
		<-answered
	}
}
GO
run
same <<'END'
copied: query "ann", form ""
asked for another value, then copied: query "ann", form "ann"
END
