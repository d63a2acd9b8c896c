"""Bank entries of ours that take a payment back: one for each payment, for ever."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

REVERSALS = """
create table reversals (
    payment_id uuid primary key references payments,
    state text not null check (state in ('ordered', 'scheduled', 'settled', 'done', 'failed')),
    cause text not null,
    last_day date not null,
    ordered_by text not null,
    ordered_at timestamptz not null,
    batch_id uuid references batches,
    ach_trace text,
    effective_date date,
    settled_on date,
    failure text,
    return_code text,
    unique (ach_trace, effective_date),
    check (state in ('ordered', 'failed') or (batch_id is not null and ach_trace is not null))
) with (fillfactor = 80)
"""
STATEMENTS = (
    REVERSALS,
    "create index reversals_to_schedule on reversals (payment_id) where state = 'ordered'",
    "create index reversals_to_finish on reversals (settled_on) where state = 'settled'",
    "create index reversals_of_batch on reversals (batch_id)",
    "alter table batches add column reversal_count int not null default 0,"
    " add column reversal_cents bigint not null default 0",
    "alter table payments drop constraint payments_state_check",
    "alter table payments add constraint payments_state_check"
    " check (state in ('scheduled', 'sent', 'settled', 'returned', 'refused', 'reversed'))",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what was paid is never dropped")
