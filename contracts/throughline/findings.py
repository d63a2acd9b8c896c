"""What was found against a version of a request: a rule that did not pass, an earlier request that it repeats."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from throughline.message import Code, Record, Sha256
from throughline.reasons import Reason, Severity
from throughline.submissions import Version


class DuplicateMatch(Record):
    """What a request was found to repeat: the earlier one, what both share, how sure that is, by which rules."""

    kind: Literal["exact", "near", "suspect", "near_miss"]
    """``near_miss``: too little for any of the others; recorded, and stops nothing."""
    other_request_id: UUID
    other_version: Version | None = None
    """None where the earlier request is known by its bill key alone."""
    keys: Annotated[tuple[Code, ...], Field(min_length=1, max_length=20)]
    """What matched, by name (``payee``, ``member``, ``dates``, ``code``, ``amount`` …); never what it says."""
    score: Annotated[int, Field(ge=0, le=100)]
    """Of 100; exact is 100."""
    rules: Code
    """The id of the dated duplicate rules that were in force on the first service day."""
    rules_sha256: Sha256


class Finding(Record):
    """One rule that did not pass: which, in which version, where, why and how to mend it."""

    rule: str
    rule_version: Annotated[int, Field(ge=1)]
    severity: Severity
    reason: Reason
    field: Annotated[str, Field(max_length=200)] | None = None
    message: Annotated[str, Field(max_length=400)]
    fix: Annotated[str, Field(max_length=400)] | None = None
    duplicate: DuplicateMatch | None = None
    """The earlier request, where that is what was found."""


def stopping_checks(reason: Reason, findings: Iterable[Finding]) -> tuple[Reason, ...]:
    """Why an exception is one, each reason once: what it was said to be stopped for, then whatever else would stop it.

    A release names exactly these.
    """
    found = [one.reason for one in findings if one.severity is Severity.EXCEPTION]
    return tuple(dict.fromkeys((reason, *found)))
