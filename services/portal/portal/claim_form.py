"""The medical claim form: fields as typed, and the request that they make, or what is wrong with which field. Pure.

A field's name is a path: ``payer``, ``lines.0.charge``. What is typed stays as typed until it is sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from throughline.message import field_problems
from throughline.requests import DIAGNOSES_MAX, LINES_MAX, PaymentRequest

Fields = dict[str, str]

STEPS = ("who", "patient", "services", "attachments", "send")
CLAIM_FIELDS = (
    *("payee", "payer", "number", "rendering_provider"),
    *("member_id", "last_name", "first_name", "birth_date"),
    *("place_of_service", "diagnoses", "authorisation_number"),
)
LINE_FIELDS = ("code", "modifiers", "from_date", "to_date", "units", "charge", "pointers")
STEP_OF = {
    **dict.fromkeys(("payee", "payer", "number", "rendering_provider"), "who"),
    **dict.fromkeys(("member_id", "last_name", "first_name", "birth_date"), "patient"),
    **dict.fromkeys(("place_of_service", "diagnoses", "authorisation_number", "lines"), "services"),
    "attachments": "attachments",
}
_LINE = re.compile(r"lines\.([0-9]{1,2})\.([a-z_]+)")
_VALUE_MAX = 200
ATTACHMENTS_MAX = 20


@dataclass(frozen=True, slots=True)
class PayeeOfForm:
    """The provider that a form names, as it stands on file."""

    kind: str
    identifier: str
    tin: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Wrong:
    """``field`` is a field of the form; ``why`` a key of ``problems.``, or a sentence of a rule with how to mend it."""

    field: str
    why: str
    sentence: str | None = None
    fix: str | None = None

    @property
    def step(self) -> str:
        return STEP_OF.get(self.field.split(".")[0], "send")


def taken(form: Mapping[str, Any]) -> Fields:
    """The fields of the form among what a browser sent; anything else is left aside. Attachments are uploaded."""
    found = {}
    for name, value in form.items():
        if isinstance(value, str) and (name in CLAIM_FIELDS or _is_line_field(name)):
            found[name] = as_typed(value)
    return found


def as_typed(value: str) -> str:
    """As a field of the form carries it."""
    return value.strip()[:_VALUE_MAX]


def line_count(fields: Fields) -> int:
    """Lines that stand on the form: those with anything in them, and at least one."""
    filled = [int(found[1]) for name, value in fields.items() if value and (found := _LINE.fullmatch(name))]
    return max(filled, default=0) + 1


def request_of(
    fields: Fields, payee: PayeeOfForm | None, *, version: int = 1, claim_number: str | None = None
) -> PaymentRequest | list[Wrong]:
    """The request that the form makes, or everything that is wrong with it in the order of the form."""
    wrong = [Wrong(name, "missing") for name in _missing(fields)]
    if payee is None and fields.get("payee"):
        wrong.append(Wrong("payee", "unknown"))
    lines = [_line(fields, at, wrong) for at in range(line_count(fields))]
    if wrong:
        return sorted(wrong, key=lambda one: STEPS.index(one.step))
    assert payee is not None
    content = {
        "number": fields["number"],
        "version": version,
        "frequency": "1" if version == 1 else "7",
        "payer_claim_number": claim_number if version > 1 else None,
        "payer": fields["payer"],
        "payee": {"kind": payee.kind, "identifier": payee.identifier, "tin": payee.tin, "name": payee.name},
        "rendering_provider": fields.get("rendering_provider") or None,
        "subject": {
            name: fields.get(name) or None for name in ("member_id", "last_name", "first_name", "birth_date")
        },
        "lines": lines,
        "diagnoses": _words(fields.get("diagnoses", ""))[:DIAGNOSES_MAX],
        "place_of_service": fields.get("place_of_service") or None,
        "total_cents": sum(line["charge_cents"] for line in lines),
        "currency": "USD",
        "authorisation_number": fields.get("authorisation_number") or None,
        "attachments": attachments_in(fields),
    }
    return validated(content)


def fields_of(request: PaymentRequest, payee_id: object) -> Fields:
    """A form filled with what was sent before, to be corrected."""
    fields = {
        "payee": str(payee_id),
        "payer": request.payer,
        "number": request.number,
        "rendering_provider": request.rendering_provider or "",
        "member_id": request.subject.member_id.reveal(),
        "last_name": request.subject.last_name.reveal(),
        "first_name": request.subject.first_name.reveal() if request.subject.first_name else "",
        "birth_date": request.subject.birth_date.reveal() if request.subject.birth_date else "",
        "place_of_service": request.place_of_service or "",
        "diagnoses": " ".join(request.diagnoses),
        "authorisation_number": request.authorisation_number or "",
    }
    for at, line in enumerate(request.lines):
        values = {
            "code": line.code,
            "modifiers": " ".join(line.modifiers),
            "from_date": line.from_date.isoformat(),
            "to_date": line.to_date.isoformat(),
            "units": f"{Decimal(line.units_thousandths) / 1000:f}",
            "charge": f"{Decimal(line.charge_cents) / 100:.2f}",
            "pointers": " ".join(str(one) for one in line.diagnosis_pointers),
        }
        fields |= {f"lines.{at}.{name}": value for name, value in values.items()}
    for at, one in enumerate(request.attachments):
        fields |= {f"attachments.{at}.type": one.type, f"attachments.{at}.sha256": one.sha256}
    return fields


def field_of(path: str) -> str:
    """The field of the form for a path into the message, as rules and the contract write it."""
    path = path.replace("[", ".").replace("]", "").removeprefix("request.")
    path = path.removeprefix("subject.")
    path = path.removesuffix("_cents").removesuffix("_thousandths").replace("diagnosis_pointers", "pointers")
    if path.startswith("payee"):
        return "payee"
    if path.startswith("diagnoses"):
        return "diagnoses"
    if path.startswith("total"):
        return "lines.0.charge"
    parts = path.split(".")
    return ".".join(parts[:3]) if parts[0] == "lines" and len(parts) > 2 else parts[0]


def validated(content: dict[str, Any]) -> PaymentRequest | list[Wrong]:
    """The request as its contract reads it, or the fields of the form at fault."""
    try:
        return PaymentRequest.model_validate_json(json.dumps(content))
    except ValidationError as error:
        found: dict[str, Wrong] = {}
        for path, kind, _ in field_problems(error):
            if kind != "none_required":  # the other half of an optional field
                found.setdefault(field_of(path), Wrong(field_of(path), _kind(kind)))
        return sorted(found.values(), key=lambda one: STEPS.index(one.step))


def _kind(kind: str) -> str:
    if kind == "missing":
        return "missing"
    if "date" in kind:
        return "date"
    if kind.startswith(("greater", "less")):
        return "range"
    return "too_long" if kind in ("string_too_long", "too_long") else "form"


def _missing(fields: Fields) -> list[str]:
    wanted = ["payee", "payer", "number", "member_id", "last_name"]
    for at in range(line_count(fields)):
        wanted += [f"lines.{at}.{name}" for name in ("code", "from_date", "units", "charge")]
    return [name for name in wanted if not fields.get(name)]


def _line(fields: Fields, at: int, wrong: list[Wrong]) -> dict[str, Any]:
    def of(name: str) -> str:
        return fields.get(f"lines.{at}.{name}", "")

    pointers = _words(of("pointers"))
    if not all(one.isdecimal() for one in pointers):
        wrong.append(Wrong(f"lines.{at}.pointers", "number"))
        pointers = []
    return {
        "line_id": str(at + 1),
        "from_date": of("from_date"),
        "to_date": of("to_date") or of("from_date"),
        "code": of("code").upper(),
        "modifiers": [one.upper() for one in _words(of("modifiers"))],
        "units_thousandths": scaled(of("units"), 1000, f"lines.{at}.units", wrong),
        "charge_cents": scaled(of("charge"), 100, f"lines.{at}.charge", wrong),
        "diagnosis_pointers": [int(one) for one in pointers] or [1],
    }


_THOUSANDS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")


def scaled(text: str, scale: int, field: str, wrong: list[Wrong]) -> int:
    """``"1,120.50"`` at 100 is 112050. No float comes near it.

    A comma stands between thousands alone: ``"120,50"`` is no number here, and must not become a hundred times as much.
    """
    if not text:
        return 0
    plain = text.removeprefix("$")
    try:
        value = Decimal(plain.replace(",", "") if _THOUSANDS.fullmatch(plain) else plain) * scale
    except InvalidOperation:
        wrong.append(Wrong(field, "number"))
        return 0
    if not value.is_finite() or value != int(value) or value < 0 or value > 10**13:
        wrong.append(Wrong(field, "number"))
        return 0
    return int(value)


def attachments_in(fields: Fields) -> list[dict[str, str]]:
    """Type and SHA-256 of what is attached; a draft keeps no more of it."""
    found = []
    for at in range(ATTACHMENTS_MAX):
        digest, kind = fields.get(f"attachments.{at}.sha256"), fields.get(f"attachments.{at}.type")
        if digest and kind:
            found.append({"type": kind, "sha256": digest})
    return found


def with_attachments(fields: Fields, attached: Sequence[Mapping[str, str]]) -> Fields:
    """The form with these attached, and no others."""
    kept = {name: value for name, value in fields.items() if not name.startswith("attachments.")}
    for at, one in enumerate(attached):
        kept |= {f"attachments.{at}.type": one["type"], f"attachments.{at}.sha256": one["sha256"]}
    return kept


def _is_line_field(name: str) -> bool:
    found = _LINE.fullmatch(name)
    return found is not None and int(found[1]) < LINES_MAX and found[2] in LINE_FIELDS


def _words(text: str) -> list[str]:
    return [one.upper().replace(".", "") for one in re.split(r"[\s,;]+", text) if one]
