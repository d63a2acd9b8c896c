"""A programme's own form, weighed by its pack: what is found in it, and the price of the lines it stands beside.

Which programme it is, nobody here knows: fields, rules and prices are the pack's. A form names pack and version, and a
version never changes, so what was sent is decided by the same pack whenever it is decided. Each version of a request
keeps the hash of its pack (``packs_of``), so that one which changed all the same decides nothing that came in before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from throughline.findings import Finding
from throughline.money import allocate
from throughline.packs import price as pack_prices
from throughline.packs.assess import Assessment
from throughline.packs.directory import Packs
from throughline.packs.model import Pack
from throughline.packs.travel import assess_sent
from throughline.programmes import BEFORE_PACKS, MEDICAL
from throughline.reasons import Reason, Severity
from throughline.submissions import SubmissionReceived
from validation.form_terms import findings_of_terms
from validation.pricing import LinePrice, OtherPart, Price
from validation.reference import Terms


def is_known(submission: SubmissionReceived, packs: Packs) -> bool:
    """Whether the programme is paid here at all: it is medical, or has a pack in force."""
    return submission.request.programme in BEFORE_PACKS or pack_for(submission, packs) is not None


def pack_for(submission: SubmissionReceived, packs: Packs) -> Pack | None:
    """The pack that the form names, or the latest of the programme in force on the first day; of no other programme."""
    request = submission.request
    if request.form is not None:
        pack = packs.get((request.form.pack, request.form.pack_version))
        return pack if pack is not None and pack.header.programme == request.programme else None
    day = min([line.from_date for line in request.lines])
    in_force = [
        one
        for one in packs.values()
        if one.header.programme == request.programme
        and one.header.effective_from <= day
        and (one.header.effective_to is None or day <= one.header.effective_to)
    ]
    return max(in_force, key=lambda one: (one.header.effective_from, one.header.version), default=None)


def hash_of_pack(submission: SubmissionReceived, packs: Packs) -> str:
    """What is kept of the pack that decides it: the hash of that, empty where there is none."""
    pack = pack_for(submission, packs)
    return "" if pack is None else pack.decides_sha256


def packs_of(pinned: str | None, packs: Packs) -> Packs:
    """Those that may decide what is pinned to this hash: the one that stood when it came in, none where there was
    none, or where it has changed or gone since. None: it is no programme's with packs, or came in before hashes were
    kept."""
    if pinned is None:
        return packs
    return {key: pack for key, pack in packs.items() if pack.decides_sha256 == pinned}


NOTHING_COUNTED: Mapping[str, int] = {}


def weighed(
    submission: SubmissionReceived,
    terms: Terms,
    packs: Packs,
    first_received_on: date,
    counted: Mapping[str, int] = NOTHING_COUNTED,
) -> Assessment | None:
    """What its form comes to; None where there is none, or no pack of that name and version is its programme's.

    ``counted`` is what its pack asks of earlier forms (``form_days.py``): without it what reads that asks a person."""
    pack = pack_for(submission, packs)
    if pack is None or submission.request.form is None:
        return None  # another programme's form is not weighed: its price must not be another pack's
    printed = None if terms.authorisation is None else terms.authorisation.printed
    given = {**counted, "received_day": first_received_on.toordinal()}
    return assess_sent(pack, submission.request, printed, given)


def findings_of_form(
    submission: SubmissionReceived,
    terms: Terms,
    packs: Packs,
    first_received_on: date,
    counted: Mapping[str, int] = NOTHING_COUNTED,
) -> tuple[Finding, ...]:
    """What stands against the form, missing documents among it; and against a programme that is not paid here."""
    request = submission.request
    if request.form is None:
        return () if request.programme == MEDICAL or is_known(submission, packs) else (_UNKNOWN,)
    pack = pack_for(submission, packs)
    found = weighed(submission, terms, packs, first_received_on, counted)
    if pack is None or found is None:
        return (
            _finding(
                "form-pack",
                Reason.RULE_ASKS_REVIEW,
                "form.pack",
                "No pack of that name and version was this programme's when it came in, or it has changed since.",
            ),
        )
    missing = [
        _finding("form-attachment", Reason.ATTACHMENT_MISSING, "attachments", f"The form asks for {name}.")
        for name in found.missing_attachments
    ]
    charged = found.price.charge_cents if isinstance(found.price, pack_prices.Price) else None
    if charged is not None and charged != _charge_cents(submission):
        missing.append(
            _finding(
                "form-charge", Reason.TOTAL_MISMATCH, "lines", "The lines do not charge what the form does."
            )
        )
    return (*findings_of_terms(pack, submission, terms.authorisation), *found.findings, *missing)


_UNKNOWN = Finding(
    rule="programme-known",
    rule_version=1,
    severity=Severity.EXCEPTION,
    reason=Reason.PROGRAMME_UNKNOWN,
    field="programme",
    message="No pack of that programme is in force on the first service day.",
    fix="Name a programme that is paid here.",
)


def price_of_form(
    submission: SubmissionReceived, terms: Terms, packs: Packs, counted: Mapping[str, int] = NOTHING_COUNTED
) -> Price | None:
    """The pack's price, each adjustment spread over the lines; None where it has none, or charges something else."""
    found = weighed(submission, terms, packs, submission.received_on, counted)
    if found is None or not isinstance(found.price, pack_prices.Price):
        return None
    if found.price.charge_cents != _charge_cents(submission):
        return None
    return spread(found.price, [line.charge_cents for line in submission.request.lines])


def spread(priced: pack_prices.Price, charges_cents: Sequence[int]) -> Price:
    """Each adjustment in proportion to what is left of the lines, so that none goes below zero."""
    left = list(charges_cents)
    parts: list[list[OtherPart]] = [[] for _ in left]
    for one in priced.adjusted:
        for position, cents in enumerate(allocate(one.cents, left)):
            if cents:
                parts[position].append(OtherPart(one.group, one.carc, cents))
                left[position] -= cents
    return Price(
        tuple(
            [
                LinePrice(charge, 0, 0, 0, others=tuple(own))
                for charge, own in zip(charges_cents, parts, strict=True)
            ]
        )
    )


def _charge_cents(submission: SubmissionReceived) -> int:
    return sum([line.charge_cents for line in submission.request.lines])


def _finding(rule: str, reason: Reason, field: str, message: str) -> Finding:
    return Finding(
        rule=rule,
        rule_version=1,
        severity=Severity.EXCEPTION if reason is Reason.ATTACHMENT_MISSING else Severity.REVIEW,
        reason=reason,
        field=field,
        message=message,
        fix="Send a correction with what is missing, or with the form in force.",
    )
