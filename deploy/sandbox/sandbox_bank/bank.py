"""The life of the bank: collect, answer, return in the morning, settle and state in the evening."""

import fcntl
import hashlib
import os
import random
import sqlite3
import time
from datetime import UTC, date, datetime
from pathlib import Path

from sandbox_bank import answers, bank_days
from sandbox_bank.clock import BankClock
from sandbox_bank.ledger import OPENING_BALANCE_CENTS, Ledger
from sandbox_bank.magic import Chosen, Fate, chosen_by
from sandbox_bank.settings import Settings
from sandbox_bank.strict_nacha import IncomingFile, Refusal, read

_LATE_DAYS = 3
_MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


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
        self._due: dict[str, float] = {}
        self._take_what_was_left()

    def close(self) -> None:
        self.ledger.close()
        self._lock.close()

    def tick(self) -> None:
        """Everything there is to do now. Call it again and again."""
        self._collect()
        self._live_through(self.clock.now())
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
                self._accept(db, file_id, name, content, now)
            except Refusal as refusal:
                db.execute(
                    "update files set reason = ?, line = ?, field = ? where id = ?",
                    (refusal.reason, refusal.line, refusal.field, file_id),
                )
            self._acknowledge(db, file_id, now)

    def _accept(self, db: sqlite3.Connection, file_id: int, name: str, content: bytes, now: datetime) -> None:
        """Books every entry, or raises before anything is booked."""
        before = db.execute(
            "select 1 from files where id <> ? and (name = ? or sha256 = ?)",
            (file_id, name, hashlib.sha256(content).hexdigest()),
        ).fetchone()
        if before is not None:
            raise Refusal("duplicate_file")
        incoming = read(content, self._settings.routing)
        identity = (incoming.origin, incoming.created_on.isoformat(), incoming.modifier)
        if db.execute(
            "select 1 from files where status = 'accepted' and origin = ? and file_date = ? and modifier = ?",
            identity,
        ).fetchone():
            raise Refusal("file_id_modifier", 1)
        chosen = [chosen_by(entry.account) for entry in incoming.entries]
        for entry, choice in zip(incoming.entries, chosen, strict=True):
            if choice.fate is Fate.FILE_REFUSED:
                raise Refusal("account_refused", entry.line)
            if db.execute("select 1 from entries where trace = ?", (entry.trace,)).fetchone():
                raise Refusal("duplicate_trace", entry.line)
        self._book_entries(db, file_id, incoming, chosen, now)
        db.execute(
            "update files set status = 'accepted', origin = ?, file_date = ?, modifier = ?, entries = ?,"
            " credit_cents = ?, entry_hash = ? where id = ?",
            (*identity, len(incoming.entries), incoming.credit_cents, incoming.entry_hash, file_id),
        )

    def _book_entries(
        self,
        db: sqlite3.Connection,
        file_id: int,
        incoming: IncomingFile,
        chosen: list[Chosen],
        now: datetime,
    ) -> None:
        today = bank_days.roll(now.astimezone(bank_days.ZONE).date())
        rows = []
        for entry, choice in zip(incoming.entries, chosen, strict=True):
            settles = max(today, bank_days.roll(entry.effective))
            if choice.fate is Fate.LATE:
                settles = bank_days.after(settles, _LATE_DAYS)
            status = {Fate.LOST: "lost", Fate.ENTRY_REFUSED: "refused"}.get(choice.fate, "pending")
            return_on = None
            if choice.fate is Fate.RETURNED_BEFORE:
                return_on = today
            elif choice.return_code is not None:
                return_on = bank_days.after(settles, 1)
            rows.append(
                (
                    file_id, entry.trace, entry.line, entry.company_id, entry.company_name, entry.sec,
                    entry.description, entry.code, entry.routing, entry.account, entry.amount_cents,
                    entry.identification, entry.name, entry.addenda, entry.effective.isoformat(),
                    settles.isoformat(), choice.fate.value, choice.return_code, status,
                    return_on.isoformat() if return_on else None,
                )
            )  # fmt: skip
        db.executemany(
            "insert into entries (file_id, trace, line, company_id, company_name, sec, description, code, routing,"
            " account, amount_cents, identification, name, addenda, effective, settles_on, fate, return_code, status,"
            " return_on) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            rows,
        )
        db.executemany(
            "insert into accounts values (?, ?) on conflict do nothing",
            {(entry.company_id, OPENING_BALANCE_CENTS) for entry in incoming.entries},
        )

    def _acknowledge(self, db: sqlite3.Connection, file_id: int, now: datetime) -> None:
        file = db.execute("select * from files where id = ?", (file_id,)).fetchone()
        refused = db.execute(
            "select trace, amount_cents from entries where file_id = ? and status = 'refused' order by id",
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
            self._return(db, at_once, bank_days.roll(now.astimezone(bank_days.ZONE).date()))

    # Days

    def _live_through(self, now: datetime) -> None:
        row = self.ledger.db.execute("select through from progress").fetchone()
        if row is None:
            with self.ledger.step() as db:
                db.execute("insert into progress values (1, ?)", (now.isoformat(),))
            return
        for instant, day, at in bank_days.moments(datetime.fromisoformat(row["through"]), now):
            with self.ledger.step() as db:
                if at == bank_days.MORNING:
                    self._returns_of(db, day)
                else:
                    self._settle(db, day, instant)
                db.execute("update progress set through = ?", (instant.isoformat(),))

    def _returns_of(self, db: sqlite3.Connection, day: date) -> None:
        rows = db.execute(
            "select * from entries where return_on <= ? and returned_on is null and status = 'settled' order by id",
            (day.isoformat(),),
        ).fetchall()
        if rows:
            self._return(db, rows, day)

    def _return(self, db: sqlite3.Connection, rows: list[sqlite3.Row], day: date) -> None:
        origin = db.execute("select origin from files where id = ?", (rows[0]["file_id"],)).fetchone()[
            "origin"
        ]
        prefix = f"return-{day.isoformat()}-"
        # A second file of the same returns differs in its modifier, as banks' second sendings do.
        for _ in range(2 if any(row["fate"] == Fate.TWICE for row in rows) else 1):
            number = int(
                db.execute("select count(*) from answers where name like ?", (prefix + "%",)).fetchone()[0]
            )
            content = answers.return_file(
                rows,
                bank_routing=self._settings.routing,
                origin=origin.strip(),
                day=day,
                modifier=_MODIFIERS[number % len(_MODIFIERS)],
                first_trace=rows[0]["id"],
            )
            self.ledger.answer(f"{prefix}{number + 1}.ach", content)
        db.executemany(
            "update entries set status = 'returned', returned_on = ? where id = ?",
            [(day.isoformat(), row["id"]) for row in rows],
        )

    def _settle(self, db: sqlite3.Connection, day: date, instant: datetime) -> None:
        text = day.isoformat()
        join = "select e.*, f.name as file_name from entries e join files f on f.id = e.file_id where "
        debits = db.execute(
            join + "e.status = 'pending' and e.settles_on <= ? order by e.company_id, e.file_id, e.id",
            (text,),
        ).fetchall()
        credits = db.execute(
            join + "e.returned_on = ? and e.settled_on is not null order by e.company_id, e.id", (text,)
        ).fetchall()
        if not debits and not credits:
            return
        opening = {row["company_id"]: row["balance_cents"] for row in db.execute("select * from accounts")}
        content = answers.statement(day, instant.astimezone(UTC), 1, debits, credits, opening)
        self.ledger.answer(f"camt053-{text}.xml", content)
        if any(row["fate"] == Fate.TWICE and row["return_code"] is None for row in debits):
            self.ledger.answer(f"camt053-{text}-again.xml", content)
        db.executemany(
            "update entries set status = 'settled', settled_on = ? where id = ?",
            [(text, row["id"]) for row in debits],
        )
        db.executemany(
            "update accounts set balance_cents = balance_cents + ? where company_id = ?",
            [(-row["amount_cents"], row["company_id"]) for row in debits]
            + [(row["amount_cents"], row["company_id"]) for row in credits],
        )

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
