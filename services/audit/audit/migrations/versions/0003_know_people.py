"""Who may repair: people, their keys and roles, as the topic ``people`` says."""

from __future__ import annotations

from alembic import op

from chassis import create_people_tables

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    create_people_tables(op)


def downgrade() -> None:
    raise NotImplementedError("who may command is not forgotten")
