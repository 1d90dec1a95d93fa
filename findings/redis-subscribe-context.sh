#!/bin/sh
# go-redis: cancelling the context given to Subscribe ends neither the subscription nor its channel.
#
# Surprise: the context bounds only the command that subscribes. After cancel the channel stays open, the server still
#   counts the subscriber, and the goroutines and the connection stay. TotalConns of PoolStats does not count that
#   connection either: a figure of its own, PubSubStats.Active, does.
# Version: github.com/redis/go-redis/v9 v9.23.0 against github.com/alicebob/miniredis/v2 v2.40.0, Go 1.26.8.
# Source: Client.Subscribe in go-redis/redis.go; channel.initMsgChan in go-redis/pubsub.go reads with
#   context.TODO; the comment on PubSub.Channel says only that the channel is closed together with the PubSub.
# Why it matters: `defer cancel()` is what a linter asks for and looks like the end of a subscription per client. A
#   repair has to add Close of the PubSub, and the usual metric of connections in the pool does not rise.
. "$(dirname "$0")/lib.sh"
module github.com/redis/go-redis/v9@v9.23.0 github.com/alicebob/miniredis/v2@v2.40.0
expected 'after cancel no subscriber, as after Close'

counter
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

func main() {
	server, err := miniredis.Run()
	if err != nil {
		panic(err)
	}
	defer server.Close()
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	if err := client.Ping(context.Background()).Err(); err != nil {
		panic(err)
	}
	idle := client.PoolStats().TotalConns
	for _, closed := range []bool{true, false} {
		name := "cancel and Close"
		if !closed {
			name = "cancel"
		}
		before := runtime.NumGoroutine()
		open := 0
		for range 5 {
			if subscribe(client, closed) {
				open++
			}
		}
		stay := left(before) > 0
		stats := client.PoolStats()
		fmt.Printf("%s: %d channels open, %d subscribers at the server, goroutines left %v, TotalConns +%d, PubSubStats.Active %d\n",
			name, open, server.PubSubNumSub("news")["news"], stay, stats.TotalConns-idle, stats.PubSubStats.Active)
	}
}

// subscribe says whether the channel is still open 200 ms after the end of the subscription.
func subscribe(client *redis.Client, closed bool) bool {
	ctx, cancel := context.WithCancel(context.Background())
	subscription := client.Subscribe(ctx, "news")
	if _, err := subscription.Receive(ctx); err != nil {
		panic(err)
	}
	messages := subscription.Channel()
	cancel()
	if closed {
		subscription.Close()
	}
	select {
	case <-messages:
		return false
	case <-time.After(200 * time.Millisecond):
		return true
	}
}
GO
run
same <<'END'
cancel and Close: 0 channels open, 0 subscribers at the server, goroutines left false, TotalConns +0, PubSubStats.Active 0
cancel: 5 channels open, 5 subscribers at the server, goroutines left true, TotalConns +0, PubSubStats.Active 5
END
