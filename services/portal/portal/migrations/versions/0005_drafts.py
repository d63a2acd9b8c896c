"""What people have begun to write, and the files they sent: seen by their organisation alone, content sealed."""

from __future__ import annotations

from alembic import op

from portal.tenancy import protected

revision = "0005"
down_revision = "0004"

# content: the form as typed, sealed. sent_at: when it was submitted; from then on it is only looked up.
DRAFTS = """
create table drafts (
    draft_id uuid primary key,
    organisation_id uuid not null,
    person_id uuid not null,
    content bytea not null,
    saved_at timestamptz not null,
    corrects uuid,
    version smallint not null default 1,
    request_id uuid,
    command_id uuid,
    sent_at timestamptz
);
create index drafts_of_organisation on drafts (organisation_id, saved_at desc) where sent_at is null
"""
# The file itself goes to intake and is not kept here.
UPLOADS = """
create table uploads (
    upload_id uuid primary key,
    organisation_id uuid not null,
    person_id uuid not null,
    receipt_id uuid not null,
    format text not null,
    bytes bigint not null,
    sent_at timestamptz not null
);
create index uploads_of_organisation on uploads (organisation_id, sent_at desc, upload_id)
"""
# Where in intake.portal a command of ours stands: intake's answer names the place.
SENT_RECORDS = """
create table sent_records (
    topic text not null,
    partition int not null,
    "offset" bigint not null,
    command_id uuid not null,
    primary key (topic, partition, "offset")
);
create index sent_records_by_command on sent_records (command_id);
create index answers_by_place on answers (topic, partition, "offset") where topic is not null
"""
OF_OWN_DRAFT = (
    "(select portal_sees('operations', 'writer')) or (select portal_sees('own'))"
    " and exists (select from drafts d where d.command_id = sent_records.command_id)"
)
TO_OWN_RECORD = (
    "(select portal_sees('own')) and exists (select from sent_records s where s.topic = answers.topic"
    ' and s.partition = answers.partition and s."offset" = answers."offset")'
)
OWN_ORGANISATION = (
    "(select portal_sees('writer')) or (select portal_sees('own'))"
    " and {column} = any((select portal_organisations())::uuid[])"
)


def upgrade() -> None:
    for script in (DRAFTS, UPLOADS, SENT_RECORDS):
        for statement in script.split(";\n"):
            op.execute(statement)
    for table in ("drafts", "uploads"):
        for statement in protected(table, OWN_ORGANISATION, "organisation_id"):
            op.execute(statement)
    op.execute("create index drafts_by_command on drafts (command_id) where command_id is not null")
    for statement in protected("sent_records", OF_OWN_DRAFT):
        op.execute(statement)
    op.execute(f"create policy answers_to_own on answers for select using ({TO_OWN_RECORD})")


def downgrade() -> None:
    raise NotImplementedError("what people have written is never dropped")
