"""Forms of programmes: which form a draft is, what authorisations print on them, and the words of plain remittances."""

from __future__ import annotations

from alembic import op

from portal.tenancy import BY_PAYEE, protected

revision = "0019"
down_revision = "0018"

# content: the authorisation with what it prints, sealed: it names persons.
AUTHORISATIONS = """
create table authorisations (
    number text primary key,
    version int not null,
    payee_id uuid not null,
    payer text not null,
    active boolean not null,
    valid_from date not null,
    valid_to date not null,
    pack text,
    pack_version int,
    content bytea not null
);
create index authorisations_of_payee on authorisations (payee_id) where active and pack is not null
"""


def upgrade() -> None:
    op.execute("alter table drafts add column kind text not null default 'medical'")
    op.execute("alter table versions add column statement bytea")
    for statement in AUTHORISATIONS.split(";\n"):
        op.execute(statement)
    for statement in protected("authorisations", BY_PAYEE, "payee_id"):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what people have written is never dropped")
