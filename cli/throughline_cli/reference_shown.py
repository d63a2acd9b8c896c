"""`reference show`: what stood of one entity, and when its versions came."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from rich.markup import escape

from throughline.identifiers import npi_is_valid, payee_id_for
from throughline.members import member_key_for
from throughline.sensitive import Sensitive
from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.show import console, moment, say

LIST = "exclusion-list"
KINDS = ("payer", "provider", "contract", "fee-schedule", "authorisation", "member", LIST)


def show_reference(line: Line, kind: str, name: str, as_of: date | None, payer: str | None) -> None:
    """Raises Problem where nothing of that name was on file."""
    if kind == LIST:
        show_list(line, name)
        return
    asked = {} if as_of is None else {"as_of": as_of.isoformat()}
    stood = line.get("validation", f"/v1/reference/{kind}/{path_of(kind, name, payer)}", **asked)
    when = "now" if as_of is None else f"at the end of {as_of.isoformat()} (UTC)"
    say(f"[bold]{kind} version {stood['version']}[/], as it stood {when}; on file since {_since(stood)}.")
    console.print_json(data=stood["record"])
    told = [f"{one['version']} ({_since(one)})" for one in stood["versions"]]
    say(f"Versions that were applied: {', '.join(told)}.")


def show_list(line: Line, name: str) -> None:
    """An exclusion list as it is in force now: no other is kept. Raises Problem where there is none of that id."""
    lists = {one["list_id"]: one for one in line.get("validation", "/v1/exclusion-lists")}
    if name not in lists:
        raise Problem(f"No exclusion list '{name}' is in force.", f"In force: {', '.join(lists) or 'none'}.")
    held = lists[name]
    say(f"[bold]{LIST} version {held['version']}[/] of {held['dated_on']}, {held['entries']:,} entries.")
    say(f"Its file has the SHA-256 {held['sha256']}.")
    if held["shrinks_because"] is not None:
        say(escape(f"It may be shorter than the one before it because: {held['shrinks_because']}"))


def path_of(kind: str, name: str, payer: str | None) -> str:
    """What the service calls it. A member id never stands in an address: the key made of it does."""
    if kind not in KINDS:
        raise Problem(f"'{kind}' is no kind of reference data.", f"It is one of {', '.join(KINDS)}.")
    if kind == "member":
        if payer is None:
            raise Problem("A member is one of a payer's.", "Name it with --payer.")
        return str(member_key_for(payer, Sensitive(name)))
    if kind == "provider":
        return str(_payee_id(name))
    return name


def _payee_id(name: str) -> UUID:
    try:
        return UUID(name)
    except ValueError:
        return payee_id_for("npi" if npi_is_valid(name) else "programme", name)


def _since(version: dict[str, str | None]) -> str:
    at = version["applied_at"]
    return "before moments were kept" if at is None else moment(datetime.fromisoformat(at))
