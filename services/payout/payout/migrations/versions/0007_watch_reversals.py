"""What the bank's statement says of a reversal: which of its movements were taken in, and whether it was given back."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(
        "alter table reversals add column statement_reference text,"
        " add column given_back_on date, add column given_back_reference text"
    )


def downgrade() -> None:
    raise NotImplementedError("what was paid is never dropped")
