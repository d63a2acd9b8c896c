"""The bank's memory: one SQLite file, every step of its life one transaction, flushed before it counts.

An outside checker may open it read only: `files` is everything taken from the inbox, `entries` every entry of an
accepted file and what became of it, `answers` every answer ever given.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SCHEMA = """
create table if not exists files (
    id integer primary key,
    name text not null,
    collected_as text not null unique,
    sha256 text not null,
    size integer not null,
    received_at text not null,
    status text not null check (status in ('accepted', 'refused')),
    reason text, line integer, field text,
    origin text, file_date text, modifier text,
    entries integer not null default 0,
    credit_cents integer not null default 0,
    entry_hash integer not null default 0
);
create index if not exists files_sha256 on files (sha256);
create index if not exists files_name on files (name);
create unique index if not exists files_id_of_day on files (origin, file_date, modifier) where status = 'accepted';
create table if not exists entries (
    id integer primary key,
    file_id integer not null references files,
    trace text not null unique,
    line integer not null,
    company_id text not null, company_name text not null, sec text not null, description text not null,
    code integer not null, routing text not null, account text not null, amount_cents integer not null,
    identification text not null, name text not null, addenda text,
    effective text not null, settles_on text not null,
    fate text not null, return_code text,
    status text not null check (status in ('pending', 'settled', 'returned', 'refused', 'lost')),
    settled_on text, return_on text, returned_on text
);
create index if not exists entries_to_settle on entries (settles_on) where status = 'pending';
create index if not exists entries_to_return on entries (return_on) where returned_on is null;
create index if not exists entries_returned on entries (returned_on);
create table if not exists answers (
    id integer primary key,
    name text not null unique,
    content blob not null,
    written integer not null default 0
);
create index if not exists answers_unwritten on answers (id) where written = 0;
create table if not exists accounts (company_id text primary key, balance_cents integer not null);
create table if not exists progress (one integer primary key check (one = 1), through text not null);
"""

OPENING_BALANCE_CENTS = 100_000_000_000


class Ledger:
    """The connection, and the transaction around each step."""

    def __init__(self, file: Path) -> None:
        self.db = sqlite3.connect(file, isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.execute("pragma journal_mode = wal")
        self.db.execute("pragma synchronous = full")
        self.db.execute("pragma foreign_keys = on")
        self.db.executescript(SCHEMA)

    @contextmanager
    def step(self) -> Iterator[sqlite3.Connection]:
        """One all-or-nothing step."""
        self.db.execute("begin immediate")
        try:
            yield self.db
        except BaseException:
            self.db.execute("rollback")
            raise
        self.db.execute("commit")

    def answer(self, name: str, content: bytes) -> None:
        """An answer to be written; the same name is the same answer. Call within a step."""
        self.db.execute("insert into answers (name, content) values (?, ?)", (name, content))

    def close(self) -> None:
        self.db.close()
