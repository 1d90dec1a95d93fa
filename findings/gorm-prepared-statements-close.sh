#!/bin/sh
# Closing a gorm database that prepares statements leaves one goroutine for each Open.
#
# Surprise: with PrepareStmt gorm keeps statements in an expiring LRU cache. Neither Close of its PreparedStmtDB nor
#   Close of the *sql.DB beneath ends the goroutine that expires entries, so Open + Close still leaks.
# Version: gorm.io/gorm v1.31.2, github.com/glebarez/sqlite v1.11.0, Go 1.26.8.
# Source: NewLRU in gorm/internal/lru/lru.go starts the goroutine on a ticker and never closes its done channel;
#   (a comment of that internal package admits it); PreparedStmtDB.Close in gorm/prepare_stmt.go does not reach it.
# Why it matters: the usual repair of a database opened in a handler, to close it, does not hold here. Opening once
#   is the only one; a count of goroutines tells them apart, the goroutineleak profile (a ticker) does not.
. "$(dirname "$0")/lib.sh"
module gorm.io/gorm@v1.31.2 github.com/glebarez/sqlite@v1.11.0
expected 'no goroutine is left after everything that has a Close is closed'

counter
cat >main.go <<'GO'
package main

import (
	"fmt"
	"runtime"

	"github.com/glebarez/sqlite"
	"gorm.io/gorm"
)

func main() {
	for _, prepare := range []bool{false, true} {
		before := runtime.NumGoroutine()
		for range 5 {
			openAndClose(prepare)
		}
		fmt.Printf("PrepareStmt %v: 5 opened and closed, %d goroutines left\n", prepare, left(before))
	}
}

func openAndClose(prepare bool) {
	db, err := gorm.Open(sqlite.Open(":memory:"), &gorm.Config{PrepareStmt: prepare})
	if err != nil {
		panic(err)
	}
	var one int
	if err := db.Raw("select 1").Scan(&one).Error; err != nil {
		panic(err)
	}
	if statements, ok := db.ConnPool.(*gorm.PreparedStmtDB); ok {
		statements.Close()
	}
	pool, err := db.DB()
	if err != nil {
		panic(err)
	}
	if err := pool.Close(); err != nil {
		panic(err)
	}
}
GO
run
same <<'END'
PrepareStmt false: 5 opened and closed, 0 goroutines left
PrepareStmt true: 5 opened and closed, 5 goroutines left
END
