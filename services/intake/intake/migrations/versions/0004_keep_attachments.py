"""Attachments, sealed; which of them a request names; and who sent a file that came through the portal."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

# A holder is a partner, or ``portal/<organisation>``: what one organisation sent is not another's.
ATTACHMENTS = """
create table attachments (
    attachment_id uuid primary key,
    holder text not null,
    sha256 bytea not null check (octet_length(sha256) = 32),
    media_type text not null,
    bytes bigint not null check (bytes > 0),
    key_id text not null,
    sealed_key bytea not null,
    received_at timestamptz not null default now(),
    unique (holder, sha256)
);
create table attachment_parts (
    attachment_id uuid not null references attachments,
    part integer not null,
    bytes bytea not null,
    primary key (attachment_id, part)
);
alter table attachment_parts alter column bytes set storage external;
"""

# What accepted versions name: who may see a request may see these, and a later version may name them again.
NAMED = """
create table named_attachments (
    request_id uuid not null,
    sha256 bytea not null check (octet_length(sha256) = 32),
    attachment_id uuid not null references attachments,
    primary key (request_id, sha256)
);
"""

SIGNED_FILES = """
alter table files add person_id uuid, add organisation_id uuid, add role text,
    add constraint files_signer check (num_nulls(person_id, organisation_id, role) in (0, 3));
"""


def upgrade() -> None:
    for tables in (ATTACHMENTS, NAMED, SIGNED_FILES):
        for statement in tables.split(";\n"):
            if statement.strip():
                op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what was taken in is not forgotten")
