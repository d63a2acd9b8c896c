"""Commands are told by topic and id; payments taken back; what was sent under which form; proofs for own accounts."""

from __future__ import annotations

from alembic import op

from portal.tenancy import BY_PERSON, protected

revision = "0009"
down_revision = "0008"

# What a form sent: its command's id, and the hash of what it said. The same form with other content is refused.
SENT_COMMANDS = """
create table sent_commands (
    command_id uuid primary key,
    person_id uuid not null,
    content_hash bytea not null,
    sent_at timestamptz not null
)
"""
REVERSED = """
update payments p set reversed_on = t.at::date from told t
where t.subject = p.payment_id and t.type = 'PaymentReversed'
"""
STATE = """
alter table payments add column state text generated always as (case
    when returned_on is not null then 'returned' when refused is not null then 'refused'
    when reversed_on is not null then 'reversed' when settled_on is not null then 'settled'
    when sent_at is not null then 'sent' else 'scheduled' end) stored
"""


def upgrade() -> None:
    op.execute("alter table told drop constraint told_pkey, add primary key (subject, topic, id)")
    op.execute("alter table payments add column reversed_on date")
    op.execute("select set_config('portal.sees', 'writer', true)")
    op.execute(REVERSED)
    op.execute("alter table payments drop column state")
    op.execute(STATE)
    op.execute(SENT_COMMANDS)
    for statement in protected("sent_commands", BY_PERSON, "person_id"):
        op.execute(statement)
    op.execute("alter table ceremonies drop constraint ceremonies_kind_check")
    op.execute(
        "alter table ceremonies add check"
        " (kind in ('sign-in', 'add-passkey', 'step-up', 'invitation', 'own-account'))"
    )


def downgrade() -> None:
    raise NotImplementedError("what was sent is never forgotten")
