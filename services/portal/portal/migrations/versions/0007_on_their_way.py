"""What is on its way is counted and summed from an index alone: most requests have ended."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(
        "create index requests_on_their_way on requests (payee_id, state) include (paid_cents, charge_cents)"
        " where state in ('Submitted', 'In review', 'Approved', 'Payout scheduled')"
        " and substatus in ('', 'on hold')"
    )


def downgrade() -> None:
    raise NotImplementedError("the read model is rebuilt, not taken back")
