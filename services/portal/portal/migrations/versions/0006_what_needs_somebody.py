"""What needs the provider is read in the order in which it is shown."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("drop index requests_of_payee_to_act")
    op.execute(
        "create index requests_of_payee_to_act on requests (payee_id, changed_at desc, request_id desc)"
        " where acts = 'provider'"
    )


def downgrade() -> None:
    raise NotImplementedError("the read model is rebuilt, not taken back")
