"""What changed between two versions of a request, field by field, for who sent both. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from throughline.requests import PaymentRequest, ServiceLine

LINE_FIELDS = (
    "code",
    "modifiers",
    "from_date",
    "to_date",
    "units_thousandths",
    "charge_cents",
    "place_of_service",
)
_CLAIM_FIELDS = (
    "payer",
    "total_cents",
    "place_of_service",
    "authorisation_number",
    "diagnoses",
    "rendering_provider",
    "contract_id",
    "invoice_number",
    "frequency",
)
_PERSON_FIELDS = ("member_id", "last_name", "first_name", "birth_date")


@dataclass(frozen=True, slots=True)
class Difference:
    """``field`` is a key of ``fields.``; ``line`` the line's id where it is one's. None: not there."""

    field: str
    before: str | None
    after: str | None
    line: str | None = None


def differences(before: PaymentRequest, after: PaymentRequest) -> list[Difference]:
    """In the order of the form: the claim, the person, the lines."""
    return [*_claim(before, after), *_person(before, after), *_lines(before, after)]


def _claim(before: PaymentRequest, after: PaymentRequest) -> Iterator[Difference]:
    for name in _CLAIM_FIELDS:
        yield from _if_other(name, _text(name, getattr(before, name)), _text(name, getattr(after, name)))
    was = ", ".join(one.type for one in before.attachments)
    now = ", ".join(one.type for one in after.attachments)
    yield from _if_other("attachments", was or None, now or None)


def _person(before: PaymentRequest, after: PaymentRequest) -> Iterator[Difference]:
    for name in _PERSON_FIELDS:
        was, now = getattr(before.subject, name), getattr(after.subject, name)
        yield from _if_other(name, was and was.reveal(), now and now.reveal())


def _lines(before: PaymentRequest, after: PaymentRequest) -> Iterator[Difference]:
    old = {line.line_id: line for line in before.lines}
    new = {line.line_id: line for line in after.lines}
    for line_id in [*old, *(one for one in new if one not in old)]:
        was, now = old.get(line_id), new.get(line_id)
        if was is None or now is None:
            yield Difference("line", _whole(was), _whole(now), line_id)
            continue
        for name in LINE_FIELDS:
            yield from _if_other(
                name, _text(name, getattr(was, name)), _text(name, getattr(now, name)), line_id
            )


def _if_other(field: str, was: str | None, now: str | None, line: str | None = None) -> Iterator[Difference]:
    if was != now:
        yield Difference(field, was, now, line)


def _text(name: str, value: object) -> str | None:
    if value is None or value == ():
        return None
    if name.endswith("_cents") and isinstance(value, int):
        return f"{value // 100}.{value % 100:02d}"
    if name == "units_thousandths" and isinstance(value, int):
        return f"{value / 1000:g}" if value % 1000 else str(value // 1000)
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _whole(line: ServiceLine | None) -> str | None:
    if line is None:
        return None
    return f"{line.code} {line.from_date} {line.charge_cents // 100}.{line.charge_cents % 100:02d}"
