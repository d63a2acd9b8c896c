"""What a provider's approvals are looked at again for may be another listed name."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute("alter table follow_ups drop constraint follow_ups_kind_check")
    op.execute(
        "alter table follow_ups add constraint follow_ups_kind_check"
        " check (kind in ('coverage', 'screening', 'provider', 'renamed', 'contract'))"
    )


def downgrade() -> None:
    raise NotImplementedError("what is still to be looked at is never dropped")
