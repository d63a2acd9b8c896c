"""What was approved is looked at again when coverage ends or a list comes: how it is found, what is to be done."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

# Paid items stay `approved` here, so the indexes hold what payout is asked about: it knows what has left.
PARTIES = """
alter table versions add column payee_id uuid, add column rendering_npi bigint;
update versions set payee_id = (convert_from(body, 'UTF8')::json ->> 'payee_id')::uuid,
    rendering_npi = (convert_from(body, 'UTF8')::json -> 'request' ->> 'rendering_provider')::bigint;
create index versions_of_payee on versions (payee_id) where state = 'approved';
create index versions_of_rendering on versions (rendering_npi) where state = 'approved' and rendering_npi is not null
"""

# `member` is the person's hash of near_keys. `after`: up to which request it is done. `begun_before`: every transaction
# below it may have decided by what stood before; the work begins when all of them have ended.
FOLLOW_UPS = """
create table follow_ups (
    follow_up_id uuid primary key,
    kind text not null check (kind in ('coverage', 'screening')),
    payer text,
    member bigint,
    since date,
    after uuid not null default '00000000-0000-0000-0000-000000000000',
    begun_before bigint,
    stored_at timestamptz not null default clock_timestamp()
)
"""


def upgrade() -> None:
    for script in (PARTIES, FOLLOW_UPS):
        for statement in script.split(";\n"):
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what is still to be looked at is never dropped")
