//! A repair of two packages: a helper that opens a pool at each call, and a handler of another package that closes it.

pub const DATABASE: &str = r#"package database

import (
	"database/sql"
	"os"
)

// Connect opens the database.
func Connect() (*sql.DB, error) {
	return sql.Open("postgres", os.Getenv("DSN"))
}
"#;

/// Closes the pool, and forgets its rows.
pub const CALLER: &str = r#"package handlers

import (
	"github.com/gofiber/fiber/v2"

	"example.com/app/database"
)

// Ping asks the database.
func Ping(c *fiber.Ctx) error {
	db, err := database.Connect()
	if err != nil {
		return err
	}
	defer db.Close()
	rows, err := db.Query("SELECT 1")
	if err != nil {
		return err
	}
	if !rows.Next() {
		return fiber.ErrNotFound
	}
	return nil
}
"#;
