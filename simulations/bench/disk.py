"""The least that a durable write costs: one SQLite insert with the durability of the ledger."""

import sqlite3
from pathlib import Path

BARE_ROW_BYTES = 350  # an entry with its hashes and signature


def bare_table(path: Path) -> sqlite3.Connection:
    """A table with the durability of the ledger and nothing else."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY, entry BLOB) STRICT"
    )
    return connection


def insert(connection: sqlite3.Connection, entry: bytes) -> None:
    """Add an entry; it is on the disk when this returns."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO entries (entry) VALUES (?)", (entry,))
    connection.execute("COMMIT")
