"""What a reviewer may ask to be mended, by name, and what of it a next version changed.

Who is paid is never among it: payee, currency and programme stay as they were sent, and so does the request's number.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal, get_args

from throughline.requests import PaymentRequest, ServiceLine

EditableField = Literal[
    "payer",
    "payer_order",
    "rendering_provider",
    "subject",
    "lines",
    "lines.code",
    "lines.modifiers",
    "lines.from_date",
    "lines.to_date",
    "lines.unit",
    "lines.units_thousandths",
    "lines.charge_cents",
    "lines.diagnosis_pointers",
    "lines.place_of_service",
    "diagnoses",
    "place_of_service",
    "total_cents",
    "invoice_number",
    "invoice_date",
    "contract_id",
    "authorisation_number",
    "child_care",
    "form",
    "attachments",
]
"""``lines`` is everything of the lines, added and removed ones too; ``lines.code`` that field of any line."""

EDITABLE_FIELDS: tuple[str, ...] = get_args(EditableField)
EDITABLE: frozenset[str] = frozenset(EDITABLE_FIELDS)
OF_THE_VERSION = frozenset({"number", "version", "frequency", "payer_claim_number"})
"""What names the version and not what is asked."""
_FOLLOWS = {
    "total_cents": frozenset({"lines", "lines.charge_cents", "form"}),
    "lines.charge_cents": frozenset({"form"}),
}
"""What may change with another field, because it follows from it."""


def changed_fields(before: PaymentRequest, after: PaymentRequest) -> tuple[str, ...]:
    """The fields that differ, in the order of the request; those of lines by line id, without the line."""
    found: list[str] = []
    for name in PaymentRequest.model_fields:
        if name in OF_THE_VERSION or getattr(before, name) == getattr(after, name):
            continue
        found += _changed_of_lines(before.lines, after.lines) if name == "lines" else [name]
    return tuple(found)


def not_asked(
    before: PaymentRequest, after: PaymentRequest, asked: Collection[str] | None
) -> tuple[str, ...]:
    """The changed fields that nobody asked for. ``asked`` None: everything that a reviewer could ask for."""
    changed = changed_fields(before, after)
    if asked is None:
        return tuple(name for name in changed if name not in EDITABLE)
    return tuple(name for name in changed if not _is_asked(name, asked))


def _is_asked(name: str, asked: Collection[str]) -> bool:
    return (
        name in asked
        or (name.startswith("lines.") and "lines" in asked)
        or not _FOLLOWS.get(name, frozenset()).isdisjoint(asked)
    )


def _changed_of_lines(before: tuple[ServiceLine, ...], after: tuple[ServiceLine, ...]) -> list[str]:
    if [one.line_id for one in before] != [one.line_id for one in after]:
        return ["lines"]
    return [
        f"lines.{name}"
        for name in ServiceLine.model_fields
        if any(getattr(was, name) != getattr(now, name) for was, now in zip(before, after, strict=True))
    ]
