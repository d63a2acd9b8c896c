"""What a form's request must agree in with its authorisation and its period, whatever its pack asks. Pure.

An authorisation is named by its number alone, and prices and rates are printed on it: it stands behind a form only of
its own payer, payee and member, for its own days. Lines have the days of the form's period, because by them a request
is found again when the period is billed once more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from throughline.findings import Finding
from throughline.packs.assess import with_what_was_printed
from throughline.packs.form import Form, day_of, days_of
from throughline.packs.model import Pack
from throughline.packs.travel import form_of
from throughline.reasons import Reason, Severity
from throughline.reference import AuthorisationRecorded
from throughline.submissions import SubmissionReceived


def findings_of_terms(
    pack: Pack, submission: SubmissionReceived, authorisation: AuthorisationRecorded | None
) -> Iterator[Finding]:
    """Where nothing stands behind the form at all, its pack's own check says so."""
    sent = submission.request.form
    if sent is None:
        return
    form = form_of(sent)
    if authorisation is not None and not _stands_behind(pack, form, submission, authorisation):
        yield _finding(
            "form-authorisation",
            Reason.AUTHORISATION_INVALID,
            "authorisation_number",
            "The authorisation is not active, or of another payer, payee, person or time.",
            "Send the number of the authorisation for this person, payee and period.",
        )
    printed = None if authorisation is None or authorisation.printed is None else authorisation.printed
    whole = with_what_was_printed(pack, form, None if printed is None else form_of(printed))
    said = whole.values.get(pack.header.dated_by)
    period = None if said is None else days_of(said)
    if period is not None and not _in_force(pack, period[0]):
        yield _finding(
            "form-in-force",
            Reason.FORMAT,
            "form.pack_version",
            "This version of the form was not in force on the first day of its period.",
            "Use the form in force on that day.",
        )
    if period is not None and period != _billed(submission):
        yield _finding(
            "form-period",
            Reason.RULE_ASKS_REVIEW,
            "lines",
            f"The lines are not of the form's period, {period[0]} to {period[1]}.",
            "Give the lines together the first and the last day of the form's period.",
        )


def days_of_care(pack: Pack | None, submission: SubmissionReceived) -> tuple[date, date] | None:
    """The first and the last day of care that its form tells; None where there is no form, or it tells none."""
    sent = submission.request.form
    days = () if pack is None or sent is None else _days(pack, form_of(sent))
    return (min(days), max(days)) if days else None


def _stands_behind(
    pack: Pack, form: Form, submission: SubmissionReceived, found: AuthorisationRecorded
) -> bool:
    request = submission.request
    days = _days(pack, form) or _billed(submission)
    return (
        found.active
        and found.payer == request.payer
        and found.payee_id == submission.payee_id
        and found.member_id == request.subject.member_id
        and found.valid_from <= min(days)
        and max(days) <= found.valid_to
    )


def _in_force(pack: Pack, day: date) -> bool:
    end = pack.header.effective_to
    return pack.header.effective_from <= day and (end is None or day <= end)


def _days(pack: Pack, form: Form) -> tuple[date, ...]:
    """The days that the form's table of times names; an authorisation may begin within a month."""
    said = pack.header.duplicates
    days = [day_of(row.get(said.on, "")) for row in form.rows.get(said.table, ())]
    return tuple([one for one in days if one is not None])


def _billed(submission: SubmissionReceived) -> tuple[date, date]:
    lines = submission.request.lines
    return min([one.from_date for one in lines]), max([one.to_date for one in lines])


def _finding(rule: str, reason: Reason, field: str, message: str, fix: str) -> Finding:
    return Finding(
        rule=rule,
        rule_version=1,
        severity=Severity.EXCEPTION,
        reason=reason,
        field=field,
        message=message,
        fix=fix,
    )
