"""The next version of what was sent: what a person changed in the form, and everything else as it was. Pure.

The form shows less than a request holds (units, invoice, contract, line ids of a file), and must not lose the rest.
"""

from __future__ import annotations

import json
from typing import Any

from portal.claim_form import (
    CLAIM_FIELDS,
    LINE_FIELDS,
    Fields,
    PayeeOfForm,
    Wrong,
    as_typed,
    fields_of,
    request_of,
    validated,
)
from throughline.identifiers import payee_id_for
from throughline.requests import PaymentRequest, ServiceLine

_SUBJECT = ("member_id", "last_name", "first_name", "birth_date")
_OF_LINE = {
    **{name: name for name in LINE_FIELDS},
    "units": "units_thousandths",
    "charge": "charge_cents",
    "pointers": "diagnosis_pointers",
}


def corrected(
    before: PaymentRequest,
    fields: Fields,
    payee: PayeeOfForm | None,
    *,
    version: int,
    claim_number: str | None,
) -> PaymentRequest | list[Wrong]:
    """The replacement (frequency 7) of ``before``, or everything that is wrong with the form."""
    changed = changed_fields(before, fields)
    if "payee" not in changed:
        sent = before.payee
        payee = PayeeOfForm(sent.kind, sent.identifier, sent.tin.reveal(), sent.name)
    typed = request_of(fields, payee, version=version, claim_number=claim_number)
    if isinstance(typed, list):
        return typed
    kept = {name for name in CLAIM_FIELDS if name in changed and name not in _SUBJECT}
    lines = _lines(before, typed, changed)
    is_sum_kept = [one.charge_cents for one in lines] == [one.charge_cents for one in before.lines]
    update: dict[str, Any] = {
        **{name: getattr(typed, name) for name in kept},
        "version": version,
        "frequency": "7",
        "payer_claim_number": claim_number,
        "subject": before.subject.model_copy(
            update={name: getattr(typed.subject, name) for name in _SUBJECT if name in changed}
        ),
        "lines": lines,
        "total_cents": before.total_cents if is_sum_kept else typed.total_cents,
    }
    if any(name.startswith("attachments.") for name in changed):
        update["attachments"] = typed.attachments
    return validated(json.loads(before.model_copy(update=update).model_dump_json()))


def changed_fields(before: PaymentRequest, fields: Fields) -> frozenset[str]:
    """The fields that say something else than what was sent."""
    shown = fields_of(before, payee_id_for(before.payee.kind, before.payee.identifier))
    return frozenset(
        name
        for name in fields.keys() | shown.keys()
        if as_typed(fields.get(name, "")) != as_typed(shown.get(name, ""))
    )


def _lines(before: PaymentRequest, typed: PaymentRequest, changed: frozenset[str]) -> tuple[ServiceLine, ...]:
    """Each line of the form is the line that stood at its place; those behind the last are new."""
    lines = [
        one.model_copy(
            update={
                attribute: getattr(typed.lines[at], attribute)
                for name, attribute in _OF_LINE.items()
                if f"lines.{at}.{name}" in changed
            }
        )
        for at, one in enumerate(before.lines[: len(typed.lines)])
    ]
    used = {one.line_id for one in before.lines}
    for one in typed.lines[len(lines) :]:
        free = next(str(number) for number in range(1, 1000) if str(number) not in used)
        used.add(free)
        lines.append(one.model_copy(update={"line_id": free}))
    return tuple(lines)
