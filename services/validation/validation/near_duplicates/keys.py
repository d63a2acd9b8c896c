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
from struct import Struct

from throughline.sensitive import Sensitive
from throughline.submissions import SubmissionReceived

_SEPARATOR = "\x1f"
_EIGHT_BYTES = Struct(">q24x").unpack
_PERSON_BITS = 46
"""A month up to the year 9999 takes the other 17 of a signed 64-bit number."""
_MASK = (1 << _PERSON_BITS) - 1


@dataclass(frozen=True, slots=True)
class NearKeys:
    """46 bits each, but for the invoice's 64. ``member`` finds the person with every payee, ``name`` and ``birth`` with
    this one alone."""

    member: int
    name: int | None
    """None without a first name: a last name alone is no person."""
    birth: int | None
    invoice: int | None
    """The payee's own number for the bill: it finds it again on whatever day."""
    first_day: date
    last_day: date


def near_keys(submission: SubmissionReceived) -> NearKeys:
    request = submission.request
    subject, lines = request.subject, request.lines
    payee = submission.payee_id.hex
    name = birth = invoice = None
    if subject.first_name is not None:
        names = f"{folded(subject.last_name.reveal())}{_SEPARATOR}{folded(subject.first_name.reveal())}"
        name = _MASK & _hashed(f"name{_SEPARATOR}{payee}{_SEPARATOR}{names}")
    if subject.birth_date is not None:
        birth = _MASK & _hashed(f"birth{_SEPARATOR}{payee}{_SEPARATOR}{subject.birth_date.reveal()}")
    if request.invoice_number is not None:
        invoice = _hashed(f"invoice{_SEPARATOR}{payee}{_SEPARATOR}{request.invoice_number}")
    return NearKeys(
        member_hash(subject.member_id),
        name,
        birth,
        invoice,
        min([line.from_date for line in lines]),
        max([line.to_date for line in lines]),
    )


def member_hash(member_id: Sensitive) -> int:
    """By what a member is found with every payee, however the id is written."""
    return _MASK & _hashed(f"member{_SEPARATOR}{folded(member_id.reveal())}")


def in_month(key: int | None, month: int) -> int | None:
    """A person's key as it is stored: the month before the hash, so that what is billed together lies together in an
    index, and a year of others' bills lies aside."""
    return None if key is None else month << _PERSON_BITS | key


def months(first: date, last: date) -> range:
    """The months from one day to another, counted from the year 0; of a span beyond two years the last two years."""
    end = max(first, last)
    to_month = month_of(end)
    return range(max(month_of(first), to_month - 24), to_month + 1)


def month_of(day: date) -> int:
    """Counted from the year 0."""
    return day.year * 12 + day.month - 1


def widened(keys: NearKeys, days: int) -> tuple[date, date]:
    """The service days and some more on both sides, as far as there are dates."""
    first = max(keys.first_day.toordinal() - days, 1)
    last = min(keys.last_day.toordinal() + days, date.max.toordinal())
    return date.fromordinal(first), date.fromordinal(last)


def folded(text: str) -> str:
    """Letters and digits alone, upper case, without accents: what two spellings of one name have in common."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
    if not text.isalnum():
        text = "".join([one for one in text if one.isalnum()])
    return text.upper()


def _hashed(text: str) -> int:
    return _EIGHT_BYTES(sha256(text.encode()).digest())[0]  # type: ignore[no-any-return]
