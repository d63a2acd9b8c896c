"""Who is covered, and for what: every version of a member that was applied, by a hash of payer and member id."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

# Append-only. What stands at a revision of reference data is the row with the highest revision up to it; the order of
# the primary key's columns is that of the search. A member is read where a payer asks, and never held in memory.
MEMBERS = """
create table members (
    member uuid not null,
    revision bigint not null,
    version bigint not null,
    body bytea not null,
    primary key (member, revision)
)
"""


def upgrade() -> None:
    op.execute(MEMBERS)


def downgrade() -> None:
    raise NotImplementedError("by whose coverage it was decided is never dropped")
