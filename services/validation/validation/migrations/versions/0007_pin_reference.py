"""Every version of reference data that was applied, the rule sets that decisions name, and each version's pin."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"

# Append-only. What stands at a revision is the row with the highest revision up to it.
HISTORY = """
create table reference_history (
    kind text not null,
    id text not null,
    revision bigint not null,
    version bigint not null,
    body bytea not null,
    primary key (kind, id, revision)
);
create index reference_history_by_revision on reference_history (revision);
insert into reference_history (kind, id, revision, version, body)
select kind, id, revision, version, body from reference
"""

# The rules of a set, with their examples, as JSON; by the hash that decisions carry. A release adds its own at start.
RULE_SETS = """
create table rule_sets (
    sha256 bytea primary key,
    rules bytea not null
)
"""

# What was decided before there were pins is pinned to what stood when this was migrated. A default that is dropped
# again rewrites no row.
PINS = """
do $$ begin
    execute format('alter table versions add column reference_revision bigint not null default %s',
                   (select last from reference_revision));
end $$;
alter table versions alter column reference_revision drop default;
alter table versions add column verdict text, add column verdict_cents bigint
"""


def upgrade() -> None:
    for script in (HISTORY, RULE_SETS):
        for statement in script.split(";\n"):
            op.execute(statement)
    block, *others = PINS.split("end $$;\n")
    op.execute(f"{block}end $$")
    for statement in others[0].split(";\n"):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("what was billed and decided is never dropped")
