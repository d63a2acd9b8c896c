"""What has left is looked at again as what is approved; and it is by providers and contracts that end earlier."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"

SCRIPT = """
drop index versions_of_payee;
drop index versions_of_rendering;
create index versions_of_payee on versions (payee_id) where state in ('approved', 'final');
create index versions_of_rendering on versions (rendering_npi)
    where state in ('approved', 'final') and rendering_npi is not null;
alter table follow_ups add column payee uuid;
alter table follow_ups drop constraint follow_ups_kind_check;
alter table follow_ups add constraint follow_ups_kind_check
    check (kind in ('coverage', 'screening', 'provider', 'contract'))
"""


def upgrade() -> None:
    for statement in SCRIPT.split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what is still to be looked at is never dropped")
