"""Days that forms of programmes tell and later forms are measured by, as a provider's closures of the fiscal year."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"

# Whose days they are is a hash. A form tells few days, and is measured by one year of one payee or child.
FORM_DAYS = """
create table form_days (
    whom bytea not null,
    day date not null,
    request_id uuid not null,
    version smallint not null,
    primary key (whom, day, request_id, version)
)
"""


def upgrade() -> None:
    op.execute(FORM_DAYS)


def downgrade() -> None:
    raise NotImplementedError("what was billed and decided is never dropped")
