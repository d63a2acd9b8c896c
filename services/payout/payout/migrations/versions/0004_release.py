"""Batches that wait for a person's release, or that a person holds; the date that their bytes carry."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    "alter table payers add column release_by_person boolean not null default false",
    "alter table batches add column dated_until timestamptz, add column file_date date, add column held_by text,"
    " add column released_by text, add column released_at timestamptz",
    "update batches set file_date = effective_date where file_bytes is not null",
    "alter table batches drop constraint batches_state_check",
    "alter table batches add constraint batches_state_check check (state in ('empty', 'awaiting', 'held', 'released',"
    " 'built', 'intended', 'unknown', 'delivered', 'acknowledged', 'refused'))",
    "create index batches_to_release on batches (closed_at) where state in ('awaiting', 'held', 'released')",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what was paid is never dropped")
