"""By what event a name was cleared, of which request, and whether a reviewer took that back."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute(
        "alter table cleared_names add column event_id uuid, add column request_id uuid,"
        " add column taken_back boolean not null default false"
    )
    op.execute("create index cleared_names_by_event on cleared_names (event_id)")


def downgrade() -> None:
    raise NotImplementedError("what reviewers found is never dropped")
