"""Payments that came back and are paid again: who ordered it, once for each."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    "alter table payments add column reissued_by text, add column reissued_at timestamptz",
    "alter table follow_ups drop constraint follow_ups_kind_check",
    "alter table follow_ups add constraint follow_ups_kind_check"
    " check (kind in ('hold_items', 'release_items', 'reissue_items'))",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what was paid is never dropped")
