"""Where in the file a value of the request came from: the segment and element that an answer must name."""

from __future__ import annotations

from intake.x12.claim_loops import GatheredClaim, line_rendering
from intake.x12.tokenizer import Segment, X12Error
from throughline.reasons import Reason

_LINE_ELEMENTS = {
    "code": 1,
    "modifiers": 1,
    "charge_cents": 2,
    "unit": 3,
    "units_thousandths": 4,
    "place_of_service": 5,
    "diagnosis_pointers": 7,
}


def located(claim: GatheredClaim, problems: list[tuple[str, str, str]]) -> list[X12Error]:
    """Breaches of the request as (path, kind, sentence), at the segment and element that each value came from.

    A place is named once: pydantic tells of a bad value once per form it might have had, and of a list whose member is
    bad that it is too short.
    """
    errors: dict[tuple[int, int], X12Error] = {}
    for path, kind, sentence in problems:
        if kind == "is_instance_of" or (
            kind == "too_short" and any(other.startswith(path + ".") for other, _, _ in problems)
        ):
            continue
        path = path.partition("[")[0].removesuffix(".function-after")
        segment, element = _source(claim, path.split("."))
        reason = (
            Reason.MISSING if kind == "missing" else Reason.LIMITS if kind == "too_long" else Reason.FORMAT
        )
        errors.setdefault(
            (segment.index, element), segment.error(reason, f"{path}: {sentence}"[:400], element)
        )
    return list(errors.values())


def _source(claim: GatheredClaim, path: list[str]) -> tuple[Segment, int]:
    if path[0] == "lines" and len(path) > 1 and path[1].isdigit():
        return _line_source(claim, int(path[1]), path[2] if len(path) > 2 else "")
    named: dict[str, tuple[Segment | None, int]] = {
        "number": (claim.clm, 1),
        "total_cents": (claim.clm, 2),
        "frequency": (claim.clm, 5),
        "place_of_service": (claim.clm, 5),
        "payer_claim_number": (claim.refs.get("F8"), 2),
        "authorisation_number": (claim.refs.get("G1"), 2),
        "payer": (claim.payer, 9),
        "rendering_provider": (claim.rendering or line_rendering(claim), 9),
        "contract_id": (claim.contract, 4),
        "diagnoses": (claim.diagnoses[0] if claim.diagnoses else None, 1),
    }
    if path[:2] == ["payee", "tin"]:
        found, element = claim.billing.tax, 2
    elif path[0] == "payee":
        found, element = claim.billing.name, 3 if path[-1] == "name" else 9
    elif path[0] == "subject":
        found, element = _subject_source(claim, path[1] if len(path) > 1 else "")
    else:
        found, element = named.get(path[0], (None, 0))
    return (found, element) if found is not None else (claim.clm, 0)


def _line_source(claim: GatheredClaim, number: int, name: str) -> tuple[Segment, int]:
    line = claim.lines[number]
    if name == "line_id":
        return (line.line_id, 2) if line.line_id else (line.lx, 1)
    return (line.sv1 or line.lx), _LINE_ELEMENTS.get(name, 0)


def _subject_source(claim: GatheredClaim, name: str) -> tuple[Segment | None, int]:
    if name == "member_id":
        return claim.subscriber.name, 9
    person = claim.patient or claim.subscriber
    return (person.birth, 2) if name == "birth_date" else (person.name, 4 if name == "first_name" else 3)
