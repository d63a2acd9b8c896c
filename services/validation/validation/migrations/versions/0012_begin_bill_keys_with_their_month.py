"""Bill keys begin with the month of the line's first day, so that new ones lie together in the index."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import UUID

from alembic import op
from sqlalchemy import text

revision = "0012"
down_revision = "0011"

PARTITIONS = 16
PAGE = 2_000
_SEPARATOR = "\x1f"

MADE = "create temporary table made_keys (old bytea primary key, made bytea not null) on commit drop"
READ = text("""
select request_id, version, body from versions where (request_id, version) > (:request_id, :version)
order by request_id, version limit :page
""")
KEEP = text("""
insert into made_keys (old, made) select * from unnest(cast(:old as bytea[]), cast(:made as bytea[]))
on conflict do nothing
""")
# Anew instead of changed: each key goes to another partition by its hash.
ANEW = """
alter table bill_keys rename to old_bill_keys;
alter table old_bill_keys rename constraint bill_keys_pkey to old_bill_keys_pkey;
create table bill_keys (key bytea primary key, owner uuid, beside uuid[]) partition by hash (key)
"""
FILL = """
insert into bill_keys (key, owner, beside)
select m.made, b.owner, b.beside from made_keys m join old_bill_keys b on b.key = m.old order by m.made
"""
LOST = "select count(*) from old_bill_keys b where not exists (select from made_keys m where m.old = b.key)"


def upgrade() -> None:
    db = op.get_bind()
    op.execute(MADE)
    for page in _pages():
        pairs = {old: made for row in page for old, made in _keys(json.loads(row.body))}
        if pairs:
            db.execute(KEEP, {"old": list(pairs), "made": list(pairs.values())})
    for statement in ANEW.split(";\n"):
        op.execute(statement)
    for part in range(PARTITIONS):
        op.execute(f"alter table bill_keys_{part:02d} rename to old_bill_keys_{part:02d}")
        op.execute(f"alter index bill_keys_{part:02d}_pkey rename to old_bill_keys_{part:02d}_pkey")
        op.execute(
            f"create table bill_keys_{part:02d} partition of bill_keys"
            f" for values with (modulus {PARTITIONS}, remainder {part})"
        )
    op.execute(FILL)
    lost = db.execute(text(LOST)).scalar_one()
    if lost:
        raise RuntimeError(f"{lost} bill keys are of no stored version; nothing was changed")
    op.execute("drop table old_bill_keys")


def downgrade() -> None:
    raise NotImplementedError("what was billed and decided is never dropped")


def _pages() -> Iterator[Sequence[Any]]:
    at = {"request_id": UUID(int=0), "version": 0}
    while page := op.get_bind().execute(READ, {**at, "page": PAGE}).all():
        yield page
        at = {"request_id": page[-1].request_id, "version": page[-1].version}


def _keys(submission: dict[str, Any]) -> Iterator[tuple[bytes, bytes]]:
    """Each line's key as it was until now, and with its month."""
    request = submission["request"]
    member = request["subject"]["member_id"].strip().upper()
    for line in request["lines"]:
        first, last = date.fromisoformat(line["from_date"]), date.fromisoformat(line["to_date"])
        bill = (
            UUID(submission["payee_id"]).hex,
            member,
            str(first.toordinal()),
            str(last.toordinal()),
            line["code"],
            ",".join(sorted(line.get("modifiers") or ())),
            f"{line.get('unit', 'UN')}{line['units_thousandths']}",
            str(line["charge_cents"]),
        )
        old = sha256(_SEPARATOR.join(bill).encode()).digest()[:16]
        yield old, (first.year * 12 + first.month - 1).to_bytes(3, "big") + old
