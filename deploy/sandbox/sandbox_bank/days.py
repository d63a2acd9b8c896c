"""The bank's days: returns in the morning, settlement and statement in the evening."""

import sqlite3
from datetime import UTC, date, datetime

from sandbox_bank import answers, bank_days
from sandbox_bank.ledger import Ledger
from sandbox_bank.magic import Fate

_MODIFIERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Days:
    """What happens by the calendar. Each morning and evening is one step of the ledger, done once."""

    def __init__(self, ledger: Ledger, bank_routing: str) -> None:
        self._ledger = ledger
        self._bank_routing = bank_routing

    def live_through(self, now: datetime) -> None:
        row = self._ledger.db.execute("select through from progress").fetchone()
        if row is None:
            with self._ledger.step() as db:
                db.execute("insert into progress values (1, ?)", (now.isoformat(),))
            return
        for instant, day, at in bank_days.moments(datetime.fromisoformat(row["through"]), now):
            with self._ledger.step() as db:
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
            self.send_back(db, rows, day)

    def send_back(self, db: sqlite3.Connection, rows: list[sqlite3.Row], day: date) -> None:
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
                bank_routing=self._bank_routing,
                origin=origin.strip(),
                day=day,
                modifier=_MODIFIERS[number % len(_MODIFIERS)],
                first_trace=rows[0]["id"],
            )
            self._ledger.answer(f"{prefix}{number + 1}.ach", content)
        db.executemany(
            "update entries set status = 'returned', returned_on = ? where id = ?",
            [(day.isoformat(), row["id"]) for row in rows],
        )

    def _settle(self, db: sqlite3.Connection, day: date, instant: datetime) -> None:
        text = day.isoformat()
        join = "select e.*, f.name as file_name from entries e join files f on f.id = e.file_id where "
        settled = db.execute(
            join + "e.status = 'pending' and e.settles_on <= ?"
            " order by e.company_id, e.file_id, e.code in (27, 37), e.id",
            (text,),
        ).fetchall()
        returned = db.execute(
            join + "e.returned_on = ? and e.settled_on is not null order by e.company_id, e.id", (text,)
        ).fetchall()
        if not settled and not returned:
            return
        opening = {row["company_id"]: row["balance_cents"] for row in db.execute("select * from accounts")}
        content = answers.statement(day, instant.astimezone(UTC), 1, settled, returned, opening)
        self._ledger.answer(f"camt053-{text}.xml", content)
        if any(row["fate"] == Fate.TWICE and row["return_code"] is None for row in settled):
            self._ledger.answer(f"camt053-{text}-again.xml", content)
        db.executemany(
            "update entries set status = 'settled', settled_on = ?, return_on = max(return_on, ?) where id = ?",
            [(text, bank_days.after(day, 1).isoformat(), row["id"]) for row in settled],
        )
        db.executemany(
            "update accounts set balance_cents = balance_cents + ? where company_id = ?",
            [(answers.signed(row), row["company_id"]) for row in settled]
            + [(-answers.signed(row), row["company_id"]) for row in returned],
        )
