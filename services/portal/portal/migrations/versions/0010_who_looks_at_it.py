"""Who looks at a review while it waits, and the names of the staff for each other."""

from __future__ import annotations

from alembic import op

from portal.tenancy import protected

revision = "0010"
down_revision = "0009"

# Accounts are their own persons' alone. The staff see each other's names, and nothing else of an account: the names
# stand apart, kept true by the table they come from.
NAMES = (
    "create table account_names (person_id uuid primary key, name text not null)",
    "select set_config('portal.sees', 'people', true)",
    "insert into account_names select person_id, display_name from accounts",
    """create function portal_name_kept() returns trigger language plpgsql as $$
       begin
         insert into account_names values (new.person_id, new.display_name)
         on conflict (person_id) do update set name = excluded.name;
         return null;
       end $$""",
    """create trigger account_name_kept after insert or update of display_name on accounts
       for each row execute function portal_name_kept()""",
)
SEEN_BY_STAFF = "(select portal_sees('operations', 'writer', 'people', 'sign-in'))"


def upgrade() -> None:
    op.execute("alter table versions add column assignee uuid")
    for statement in NAMES:
        op.execute(statement)
    for table in ("people", "person_roles"):  # ids and roles of all: to whom a review can be handed
        op.execute(
            f"create policy {table}_of_staff on {table} for select using ((select portal_sees('operations')))"
        )
    for statement in protected("account_names", SEEN_BY_STAFF):
        op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("the read model is rebuilt, not taken back")
