"""Names on exclusion lists that a reviewer found to be somebody else's."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"

# `name`: 60 bits of its hash; `entry`: a hash of what the list says beside its names.
CLEARED = """
create table cleared_names (
    list_id text not null,
    payee_id uuid not null,
    name bigint not null,
    entry text not null,
    revision bigint not null,
    cleared_at timestamptz not null default clock_timestamp(),
    primary key (list_id, payee_id, name, entry)
)
"""


def upgrade() -> None:
    op.execute(CLEARED)
    op.execute("create index cleared_names_by_revision on cleared_names (revision)")


def downgrade() -> None:
    raise NotImplementedError("what reviewers found is never dropped")
