"""By what a request is found again when nearly the same is billed: hashes of its person, service days, documents."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

# One row for each version that claimed its bill and each month of its services; never changed. A person's key begins
# with the month, so that new rows touch the pages of their months alone. The order of an index's columns is that of the
# search: the person, from which day on, until which. Keys are hashes; what they find is compared field by field.
NEAR_KEYS = """
create table near_keys (
    seq bigint primary key,
    request_id uuid not null,
    member bigint not null,
    name bigint,
    birth bigint,
    invoice bigint,
    first_day date not null,
    last_day date not null,
    version smallint not null
);
create index near_keys_member on near_keys (member, last_day, first_day);
create index near_keys_name on near_keys (name, last_day, first_day) where name is not null;
create index near_keys_birth on near_keys (birth, last_day, first_day) where birth is not null;
create index near_keys_invoice on near_keys (invoice) where invoice is not null;
create table near_documents (
    document bytea not null,
    seq bigint not null,
    request_id uuid not null,
    version smallint not null,
    primary key (document, request_id, version)
)
"""

# Locked by who adds rows, from then to the commit: rows up to the number read are visible to whoever read it.
NEAR_REVISION = """
create table near_revision (
    one boolean primary key default true check (one),
    last bigint not null
) with (fillfactor = 50);
insert into near_revision (last) values (0)
"""


def upgrade() -> None:
    for script in (NEAR_KEYS, NEAR_REVISION):
        for statement in script.split(";\n"):
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what was billed and decided is never dropped")
