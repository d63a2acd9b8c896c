"""Questions about requests, and their answers, by the side for which they wait."""

from __future__ import annotations

from alembic import op

from portal.tenancy import BY_PAYEE, protected

revision = "0011"
down_revision = "0010"

# text and answer: sealed.
QUESTIONS = """
create table questions (
    question_id uuid primary key,
    request_id uuid not null,
    payee_id uuid not null,
    to_side text,
    asked_by uuid,
    asked_at timestamptz,
    text bytea,
    answered_side text,
    answered_by uuid,
    answered_at timestamptz,
    answer bytea
);
create index questions_of_request on questions (request_id, asked_at);
create index questions_waiting on questions (to_side, asked_at, question_id) where answered_at is null;
create index questions_waiting_of_payee on questions (payee_id, asked_at) where answered_at is null
"""


def upgrade() -> None:
    for statement in QUESTIONS.split(";\n"):
        op.execute(statement)
    for statement in protected("questions", BY_PAYEE, "payee_id"):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the read model is rebuilt, not taken back")
