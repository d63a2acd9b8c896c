"""The kind of bank entry that pays an item and paid a payment, as its decision says; what is older, as it was paid."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

_WAS = "case programme when 'medical' then 'CCD HCCLAIMPMT' else 'PPD CHILD CARE' end"
_IS = "check (entry = 'none' or entry ~ '^(CCD|PPD) [A-Z0-9 ]{1,10}$')"


def upgrade() -> None:
    for table in ("items", "payments"):
        op.execute(f"alter table {table} add column entry text {_IS}")
        op.execute(f"update {table} set entry = {_WAS}")
        op.execute(f"alter table {table} alter column entry set not null")
    op.execute("alter table items add check (entry <> 'none' or cents = 0)")


def downgrade() -> None:
    raise NotImplementedError("what was paid is never dropped")
