"""Booking a file: every entry with its fate, or a refusal before anything is booked."""

import hashlib
import sqlite3
from datetime import date, datetime

from sandbox_bank import bank_days
from sandbox_bank.ledger import OPENING_BALANCE_CENTS
from sandbox_bank.magic import Chosen, Fate, chosen_by
from sandbox_bank.strict_nacha import IncomingEntry, IncomingFile, Refusal, read

_LATE_DAYS = 3
REVERSAL_DAYS = 5


def accept(
    db: sqlite3.Connection, file_id: int, name: str, content: bytes, now: datetime, bank_routing: str
) -> None:
    """Books every entry, or raises before anything is booked."""
    before = db.execute(
        "select 1 from files where id <> ? and (name = ? or sha256 = ?)",
        (file_id, name, hashlib.sha256(content).hexdigest()),
    ).fetchone()
    if before is not None:
        raise Refusal("duplicate_file")
    incoming = read(content, bank_routing)
    identity = (incoming.origin, incoming.created_on.isoformat(), incoming.modifier)
    if db.execute(
        "select 1 from files where status = 'accepted' and origin = ? and file_date = ? and modifier = ?",
        identity,
    ).fetchone():
        raise Refusal("file_id_modifier", 1)
    chosen = [_chosen(db, entry) for entry in incoming.entries]
    for entry, choice in zip(incoming.entries, chosen, strict=True):
        if choice.fate is Fate.FILE_REFUSED:
            raise Refusal("account_refused", entry.line)
        if db.execute("select 1 from entries where trace = ?", (entry.trace,)).fetchone():
            raise Refusal("duplicate_trace", entry.line)
    _book_entries(db, file_id, incoming, chosen, now)
    db.execute(
        "update files set status = 'accepted', origin = ?, file_date = ?, modifier = ?, entries = ?,"
        " credit_cents = ?, entry_hash = ? where id = ?",
        (*identity, len(incoming.entries), incoming.credit_cents, incoming.entry_hash, file_id),
    )


def _chosen(db: sqlite3.Connection, entry: IncomingEntry) -> Chosen:
    """A reversal takes back one credit of the same company, account and amount, once, within five banking days."""
    if not entry.is_reversal:
        return chosen_by(entry.account)
    same = (entry.company_id, entry.sec, entry.routing, entry.account, entry.amount_cents, entry.addenda)
    where = (
        " from entries where company_id = ? and sec = ? and routing = ? and account = ? and amount_cents = ?"
        " and addenda = ?"
    )
    credit = db.execute(
        f"select settled_on{where} and status = 'settled' and code = ?", (*same, entry.code - 5)
    ).fetchone()
    again = db.execute(
        f"select 1{where} and status <> 'refused' and code = ?", (*same, entry.code)
    ).fetchone()
    if credit is None or again is not None:
        return Chosen(Fate.ENTRY_REFUSED)
    last = bank_days.after(date.fromisoformat(credit["settled_on"]), REVERSAL_DAYS)
    return (
        Chosen(Fate.ENTRY_REFUSED) if entry.effective > last else chosen_by(entry.account, is_reversal=True)
    )


def _book_entries(
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
