"""Who may command: people, their keys and roles, as the topic ``people`` says; and who approved an item."""

from __future__ import annotations

from alembic import op

from chassis import create_people_tables

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    create_people_tables(op)
    op.execute("alter table items add column approved_by text")


def downgrade() -> None:
    raise NotImplementedError("who may command is not forgotten")
