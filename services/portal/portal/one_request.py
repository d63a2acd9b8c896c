"""One request as its page shows it: where it stands, its line so far, what comes next, versions, lines, payments."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from portal.read_model.sealed_content import ContentKey
from portal.versions_beside import Difference, differences
from portal.what_next import Known
from throughline.lifecycle import State, Substatus
from throughline.requests import PaymentRequest

_REQUEST = """
select r.*, p.name as payee_name, y.name as payer_name, y.bank, a.payable_from, a.state as account_state, a.mask
from requests r left join payees p on p.payee_id = r.payee_id left join payers y on y.payer = r.payer
left join payee_accounts a on a.payee_id = r.payee_id
where r.request_id = $1 and r.state is not null
"""
_VERSIONS = "select * from versions where request_id = $1 order by version desc"
_PAYMENTS = """
select p.*, i.amount_cents as item_cents, i.version from payment_items i join payments p using (payment_id)
where i.request_id = $1 order by p.sent_at nulls last, p.payment_id
"""
_TOLD = "select subject, id, at, type, actor, facts, note from told where subject = any($1::uuid[]) order by at, seq"

_QUIET = frozenset(
    {
        "AttachmentShown",
        "ItemHeld_returned",
        "ApprovalRevoked",
        "AssignReview",
        "NameCleared",
        "ClearanceTakenBack",
        "DecideReview_take_back_clearance",
    }
)
"""Said of what another entry of the line already says, and looks and screening, which audit shows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the timeline. ``facts`` are what its sentence may name."""

    type: str
    at: datetime
    actor: str | None
    facts: dict[str, Any]
    note: str | None


@dataclass(frozen=True, slots=True)
class OneRequest:
    row: dict[str, Any]
    versions: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    line: list[Entry]

    @property
    def shown(self) -> dict[str, Any]:
        """The highest version."""
        return self.versions[0] if self.versions else {}

    @property
    def known(self) -> Known:
        """For ``what_next``."""
        row = self.row
        payment = next((one for one in self.payments if one["payment_id"] == row["payment_id"]), None) or {}
        return Known(
            State(row["state"]),
            Substatus(row["substatus"] or ""),
            row["reason"],
            row["paid_cents"],
            payment.get("effective_date"),
            payment.get("settled_on"),
            payment.get("return_window_ends_on"),
            payment.get("remittance_id") is not None,
            row["payable_from"] if row["account_state"] == "verified" else None,
        )


async def one_request(db: asyncpg.Connection, request_id: UUID, key: ContentKey) -> OneRequest | None:
    """None where there is none, or where it is not the caller's to see."""
    row = await db.fetchrow(_REQUEST, request_id)
    if row is None:
        return None
    versions = [_with_json(one) for one in await db.fetch(_VERSIONS, request_id)]
    for version in versions:
        note = version.pop("note")
        where = ("versions.note", request_id, version["version"])
        version["note"] = None if note is None else key.open(note, *where).decode()
    payments = [dict(one) for one in await db.fetch(_PAYMENTS, request_id)]
    subjects = [request_id, *(one["payment_id"] for one in payments)]
    line = [_entry(one, key) for one in await db.fetch(_TOLD, subjects)]
    return OneRequest(dict(row), versions, payments, [one for one in line if not _is_quiet(one)])


def may_dispute(one: OneRequest, today: date) -> bool:
    """What was denied or reduced, once, until its appeal date. Validation judges by its own clock."""
    until: date | None = one.shown.get("appeal_until")
    return until is not None and today <= until and one.shown.get("dispute_id") is None


def content_of(version: dict[str, Any], key: ContentKey) -> PaymentRequest | None:
    """The request as it was sent; each call is a place to look at in a privacy review."""
    content = version.get("content")
    if content is None:
        return None
    opened = key.open(content, "versions", version["request_id"], version["version"])
    return PaymentRequest.model_validate_json(opened)


async def content_of_version(
    db: asyncpg.Connection, request_id: UUID, version: int, key: ContentKey
) -> PaymentRequest | None:
    """As ``content_of``, of one version alone; None where it is not the caller's to see."""
    row = await db.fetchrow(
        "select request_id, version, content from versions where request_id = $1 and version = $2",
        request_id,
        version,
    )
    return None if row is None else content_of(dict(row), key)


def changes(one: OneRequest, key: ContentKey) -> dict[int, list[Difference]]:
    """By version, what it changed against the one it replaces."""
    contents = {version["version"]: content_of(version, key) for version in one.versions}
    found = {}
    for version in one.versions:
        before, after = contents.get(version["replaces_version"] or 0), contents[version["version"]]
        if before is not None and after is not None:
            found[version["version"]] = differences(before, after)
    return found


def _entry(row: asyncpg.Record, key: ContentKey) -> Entry:
    note = row["note"]
    opened = None if note is None else key.open(note, "told", row["subject"], row["id"]).decode()
    return Entry(row["type"], row["at"], row["actor"], json.loads(row["facts"]), opened)


def _is_quiet(entry: Entry) -> bool:
    which = entry.facts.get("reason") or entry.facts.get("decision")
    return entry.type in _QUIET or f"{entry.type}_{which}" in _QUIET


def _with_json(row: asyncpg.Record) -> dict[str, Any]:
    found = dict(row)
    for name in ("findings", "lines", "may_change"):
        found[name] = json.loads(found[name]) if found[name] is not None else []
    return found
