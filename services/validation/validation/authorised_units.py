"""Units of an authorisation: what a request would use of them, and what is said where too few are left."""

from __future__ import annotations

from throughline.findings import Finding
from throughline.reasons import Reason, Severity
from throughline.reference import AuthorisationRecorded
from throughline.submissions import SubmissionReceived
from validation.reference import Terms
from validation.tallies import TallyKey, tally_key

KIND = "authorisation"


def counted(submission: SubmissionReceived, terms: Terms) -> AuthorisationRecorded | None:
    """The authorisation whose units the request uses; None where it counts none, or is not for this request."""
    found, request = terms.authorisation, submission.request
    if found is None or found.units is None or not found.active:
        return None
    fits = (
        found.payer == request.payer
        and found.payee_id == submission.payee_id
        and found.member_id == request.subject.member_id
    )
    return found if fits else None


def key_of(found: AuthorisationRecorded) -> TallyKey:
    return tally_key(KIND, found.payer, found.number)


def units_thousandths(submission: SubmissionReceived, found: AuthorisationRecorded, terms: Terms) -> int:
    """Of the services that it names; where it names none, of those that the contract asks an authorisation for."""
    codes = found.codes or terms.authorisation_codes
    return sum([line.units_thousandths for line in submission.request.lines if line.code in codes])


def shortage(found: AuthorisationRecorded, used: int, wanted: int) -> Finding | None:
    """What is wrong where it has too few units left; None where they suffice. In thousandths of units."""
    left = max((found.units or 0) * 1000 - used, 0)
    if wanted <= left:
        return None
    return Finding(
        rule="authorisation-units",
        rule_version=1,
        severity=Severity.EXCEPTION,
        reason=Reason.AUTHORISATION_UNITS,
        field="authorisation_number",
        message=f"Authorisation {found.number} has {_units(left)} of {found.units} units left;"
        f" {_units(wanted)} are billed.",
        fix="Have it extended and released by a reviewer, name another one, or correct the units.",
    )


def _units(thousandths: int) -> str:
    """
    >>> _units(1500), _units(2000)
    ('1.5', '2')
    """
    whole, rest = divmod(thousandths, 1000)
    return f"{whole}.{rest:03d}".rstrip("0") if rest else str(whole)
