"""Since when an attachment is here that no accepted request names: such are counted, and dropped after some days."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

UNNAMED = (
    "alter table attachments add unnamed_since timestamptz default now()",
    "update attachments a set unnamed_since = received_at",
    """update attachments a set unnamed_since = null
       where exists (select from named_attachments n where n.attachment_id = a.attachment_id)""",
    "create index attachments_unnamed on attachments (holder) include (bytes) where unnamed_since is not null",
    "create index attachments_unnamed_by_time on attachments (unnamed_since) where unnamed_since is not null",
)


def upgrade() -> None:
    for statement in UNNAMED:
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what was taken in is not forgotten")
