"""What became of a parked record, so that the desk shows what still stands aside."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute("alter table parked_records add column became text, add column became_at timestamptz")
    op.execute(
        'create index parked_records_standing on parked_records (parked_at, topic, partition, "offset")'
        " where became is null"
    )
