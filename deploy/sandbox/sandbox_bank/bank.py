"""The life of the bank: collect, answer, return in the morning, settle and state in the evening."""

import fcntl
import hashlib
import os
import random
import sqlite3
import time
from datetime import datetime
from pathlib import Path

from sandbox_bank import answers, bank_days
from sandbox_bank.booking import accept
from sandbox_bank.clock import BankClock
from sandbox_bank.days import Days
from sandbox_bank.ledger import Ledger
from sandbox_bank.magic import Fate
from sandbox_bank.settings import Settings
from sandbox_bank.strict_nacha import Refusal


class AnotherBank(Exception):
    """A second bank on the same directories would answer twice."""


class Bank:
    """One bank on one directory. Every step is durable before its effect shows, so it may be killed at any point."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        base = settings.bank_directory
        self.inbox, self.outbox, self.collected = base / "inbox", base / "outbox", base / "collected"
        for folder in (self.inbox, self.outbox, self.collected):
            folder.mkdir(parents=True, exist_ok=True)
        self._lock = (base / ".bank.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AnotherBank(f"another bank works in {base}") from None
        self.clock = BankClock(settings.clock_file)
        self.ledger = Ledger(base / "ledger.sqlite3")
        self._days = Days(self.ledger, settings.routing)
        self._due: dict[str, float] = {}
        self._take_what_was_left()

    def close(self) -> None:
        self.ledger.close()
        self._lock.close()

    def tick(self) -> None:
        """Everything there is to do now. Call it again and again."""
        self._collect()
        self._days.live_through(self.clock.now())
        self._write_answers()

    # Collection

    def _collect(self) -> None:
        now = time.monotonic()
        present = set()
        for file in sorted(self.inbox.iterdir()):
            if (
                file.name.endswith(".part")
                or file.name.startswith(".")
                or not file.is_file()
                or file.is_symlink()
            ):
                continue
            present.add(file.name)
            if file.name not in self._due:
                chance = random.Random(f"{self._settings.seed}|{file.name}")
                self._due[file.name] = now + chance.uniform(0, self._settings.collect_seconds_max)
            if self._due[file.name] <= now:
                self._take(file)
        self._due = {name: due for name, due in self._due.items() if name in present}

    def _take(self, file: Path) -> None:
        """The rename is the collection: from then on the file is the bank's, whatever happens to the bank."""
        target = self.collected / file.name
        again = 1
        while target.exists():
            again += 1
            target = self.collected / f"{file.name}.{again}"
        try:
            file.rename(target)
        except FileNotFoundError:
            return
        _flush_folder(self.collected)
        _flush_folder(self.inbox)
        self._book(target, file.name)

    def _take_what_was_left(self) -> None:
        """Files renamed by a bank that died before it booked them."""
        known = {row["collected_as"] for row in self.ledger.db.execute("select collected_as from files")}
        for file in sorted(self.collected.iterdir()):
            if file.name not in known:
                head, dot, again = file.name.rpartition(".")
                self._book(
                    file, head if dot and again.isdigit() and (self.collected / head).exists() else file.name
                )

    def _book(self, file: Path, name: str) -> None:
        content = file.read_bytes()
        now = self.clock.now()
        with self.ledger.step() as db:
            cursor = db.execute(
                "insert into files (name, collected_as, sha256, size, received_at, status)"
                " values (?, ?, ?, ?, ?, 'refused')",
                (name, file.name, hashlib.sha256(content).hexdigest(), len(content), now.isoformat()),
            )
            file_id = int(cursor.lastrowid or 0)
            try:
                accept(db, file_id, name, content, now, self._settings.routing)
            except Refusal as refusal:
                db.execute(
                    "update files set reason = ?, line = ?, field = ? where id = ?",
                    (refusal.reason, refusal.line, refusal.field, file_id),
                )
            self._acknowledge(db, file_id, now)

    def _acknowledge(self, db: sqlite3.Connection, file_id: int, now: datetime) -> None:
        file = db.execute("select * from files where id = ?", (file_id,)).fetchone()
        refused = db.execute(
            "select trace, amount_cents, code from entries where file_id = ? and status = 'refused' order by id",
            (file_id,),
        ).fetchall()
        self.ledger.answer(f"ack-{file_id:06d}-{file['name']}.json", answers.acknowledgement(file, refused))
        held = db.execute(
            "select * from (select * from files order by id desc limit 100) order by id"
        ).fetchall()
        self.ledger.answer(f"received-{file_id:06d}.json", answers.received_list(now.isoformat(), held))
        at_once = db.execute(
            "select * from entries where file_id = ? and fate = ? order by id",
            (file_id, Fate.RETURNED_BEFORE.value),
        ).fetchall()
        if at_once:
            self._days.send_back(db, at_once, bank_days.roll(now.astimezone(bank_days.ZONE).date()))

    # Answers

    def _write_answers(self) -> None:
        for row in self.ledger.db.execute(
            "select id, name, content from answers where written = 0 order by id"
        ).fetchall():
            part = self.outbox / f".{row['name']}.part"
            with part.open("wb") as out:
                out.write(row["content"])
                out.flush()
                os.fsync(out.fileno())
            part.rename(self.outbox / row["name"])
            _flush_folder(self.outbox)
            with self.ledger.step() as db:
                db.execute("update answers set written = 1 where id = ?", (row["id"],))


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
