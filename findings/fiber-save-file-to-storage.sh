#!/bin/sh
# Fiber v2 closes the upload in SaveFile and leaves it open in SaveFileToStorage.
#
# Surprise: the two methods differ in name by where they save. With streamed bodies an upload above 8 KiB is a
#   temporary file: SaveFileToStorage opens it, reads it and returns without Close, one descriptor a call, until the
#   collector happens to find the file.
# Version: github.com/gofiber/fiber/v2 v2.52.15 with fasthttp v1.51.0, Go 1.26.8, Linux (/proc/self/fd is counted).
# Source: Ctx.SaveFileToStorage in fiber/v2/ctx.go; SaveMultipartFile in fasthttp/server.go closes. Fiber v3 closes.
# Why it matters: the open call is inside the framework. Nothing in the handler can be repaired but the call itself,
#   and "too many open files" comes under load, when the collector is late.
. "$(dirname "$0")/lib.sh"
module github.com/gofiber/fiber/v2@v2.52.15
expected 'no descriptor more after either method'

cat >main.go <<'GO'
package main

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/gofiber/fiber/v2"
)

// memory is a fiber.Storage that keeps nothing.
type memory struct{}

func (memory) Get(string) ([]byte, error)              { return nil, nil }
func (memory) Set(string, []byte, time.Duration) error { return nil }
func (memory) Delete(string) error                     { return nil }
func (memory) Reset() error                            { return nil }
func (memory) Close() error                            { return nil }

func main() {
	debug.SetGCPercent(-1) // the collector would hide it now and then
	app := fiber.New(fiber.Config{
		DisableStartupMessage:        true,
		StreamRequestBody:            true,
		DisablePreParseMultipartForm: true,
	})
	app.Post("/SaveFile", func(c *fiber.Ctx) error {
		upload, err := c.FormFile("file")
		if err != nil {
			return err
		}
		return c.SaveFile(upload, filepath.Join(os.Args[1], "saved"))
	})
	app.Post("/SaveFileToStorage", func(c *fiber.Ctx) error {
		upload, err := c.FormFile("file")
		if err != nil {
			return err
		}
		return c.SaveFileToStorage(upload, "saved", memory{})
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go app.Listener(listener)

	for _, method := range []string{"SaveFile", "SaveFileToStorage"} {
		post(listener.Addr(), method)
		before := descriptors()
		for range 5 {
			post(listener.Addr(), method)
		}
		more := descriptors() - before
		for i := 0; i < 20 && more > 0; i++ {
			time.Sleep(100 * time.Millisecond)
			more = descriptors() - before
		}
		fmt.Printf("%s: 5 uploads, %d descriptors more\n", method, more)
	}
}

var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

func post(address net.Addr, method string) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "a.bin")
	if err != nil {
		panic(err)
	}
	part.Write(make([]byte, 64<<10))
	form.Close()
	answer, err := client.Post("http://"+address.String()+"/"+method, form.FormDataContentType(), &body)
	if err != nil {
		panic(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		panic(answer.Status)
	}
	time.Sleep(50 * time.Millisecond) // the server's end of the connection
}

func descriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err)
	}
	return len(entries)
}
GO
run "$work"
same <<'END'
SaveFile: 5 uploads, 0 descriptors more
SaveFileToStorage: 5 uploads, 5 descriptors more
END
