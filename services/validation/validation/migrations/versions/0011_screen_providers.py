"""Lists of who may not be paid: the parts as they came, and which version of each list is in force."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"

EXCLUSIONS = """
create table exclusion_parts (
    list_id text not null,
    version bigint not null,
    sha256 bytea not null,
    part int not null,
    parts int not null,
    dated_on date not null,
    body bytea not null,
    primary key (list_id, version, sha256, part)
);
create table exclusion_lists (
    list_id text primary key,
    version bigint not null,
    sha256 bytea not null,
    dated_on date not null,
    revision bigint not null
)
"""


def upgrade() -> None:
    for statement in EXCLUSIONS.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("by which lists payees were screened is never dropped")
