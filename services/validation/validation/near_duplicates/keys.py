"""By what a request is found again when nearly the same is billed: its person, in three ways, on its days; its invoice.

The keys are hashes: no table or index that is searched by them names a person. Each alone finds candidates in spite of
one slip: the member id through misspelt names, name or birth date through a mistyped member id. What is found is then
compared field by field, so that a key may be narrow.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from throughline.submissions import SubmissionReceived

_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class NearKeys:
    """64 bits each. ``member`` finds the person with every payee, ``name`` and ``birth`` with this one alone."""

    member: int
    name: int | None
    """None without a first name: a last name alone is no person."""
    birth: int | None
    invoice: int | None
    """The payee's own number for the bill: it finds it again on whatever day."""
    first_day: date
    last_day: date


def near_keys(submission: SubmissionReceived) -> NearKeys:
    subject, lines = submission.request.subject, submission.request.lines
    payee = submission.payee_id.hex
    name = birth = invoice = None
    if subject.first_name is not None:
        name = _hashed("name", payee, folded(subject.last_name.reveal()), folded(subject.first_name.reveal()))
    if subject.birth_date is not None:
        birth = _hashed("birth", payee, subject.birth_date.reveal())
    if submission.request.invoice_number is not None:
        invoice = _hashed("invoice", payee, submission.request.invoice_number)
    return NearKeys(
        member=_hashed("member", folded(subject.member_id.reveal())),
        name=name,
        birth=birth,
        invoice=invoice,
        first_day=min([line.from_date for line in lines]),
        last_day=max([line.to_date for line in lines]),
    )


def folded(text: str) -> str:
    """Letters and digits alone, upper case, without accents: what two spellings of one name have in common."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
    if not text.isalnum():
        text = "".join([one for one in text if one.isalnum()])
    return text.upper()


def _hashed(*parts: str) -> int:
    digest = sha256(_SEPARATOR.join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
