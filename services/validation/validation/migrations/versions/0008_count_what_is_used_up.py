"""What is used up over many requests, and what each decision read of it and added."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"

# Never purged: an authorisation or a plan year may be asked of long after. The key is a hash.
TALLIES = """
create table tallies (
    key bytea primary key,
    kind text not null,
    used bigint not null
) with (fillfactor = 85)
"""


def upgrade() -> None:
    op.execute(TALLIES)
    op.execute("alter table versions add column readings bytea, add column settled_readings bytea")


def downgrade() -> None:
    raise NotImplementedError("what was billed and decided is never dropped")
