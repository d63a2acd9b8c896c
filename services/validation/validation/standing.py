"""What stands against a payment as of now, whenever the request came in: found beside the rules, and never pinned."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from throughline.findings import Finding
from throughline.packs.directory import NO_PACKS, Packs
from throughline.reasons import Reason, Severity
from throughline.reference import ProviderRecorded
from throughline.submissions import SubmissionReceived
from validation.domain import State
from validation.form_terms import days_of_care
from validation.history import Version
from validation.lost_coverage import no_longer_covered
from validation.lost_terms import TAKEN_BACK, no_longer_good
from validation.programme import pack_for
from validation.reference import Reference, payee_id_of_npi
from validation.screening import Party, Screening

NEVER_PINNED = frozenset({Reason.EXCLUDED, Reason.EXCLUSION_NAME, Reason.COVERAGE_ENDED, *TAKEN_BACK})
"""The reasons of what is found here. Replay takes them as the decision stored them."""


class Standing(NamedTuple):
    """What is found now, of which ``unseen`` nobody was shown before, or nobody may let pass."""

    found: tuple[Finding, ...]
    unseen: tuple[Finding, ...]

    @property
    def reason(self) -> Reason:
        """Why it is asked for: what nobody may let pass goes before what a person may."""
        severe = [one.reason for one in self.unseen if one.severity is Severity.EXCEPTION]
        return next(iter(severe), self.unseen[0].reason)

    @property
    def stopping(self) -> Reason | None:
        """Why no person may let it pass; None where they may."""
        return next((one.reason for one in self.found if one.severity is Severity.EXCEPTION), None)


NOTHING = Standing((), ())


def standing(version: Version, reference: Reference, packs: Packs = NO_PACKS) -> Standing:
    """What stands against the version now, and what of that nobody was shown yet."""
    found = screened(version.submission, reference)
    lines, then = version.submission.request.lines, version.terms
    if then is not None:
        found += tuple(no_longer_covered(lines, then.coverage, version.coverage_now))
        if (version.reference_revision or 0) < reference.revision:
            cared = days_of_care(pack_for(version.submission, packs), version.submission)
            found += tuple(no_longer_good(lines, then, reference.terms_for(version.submission), cared))
    if not found:
        return NOTHING
    seen = {(one.rule, one.field) for one in version.findings}
    unseen = [one for one in found if _is_asked_anew(one, version) or (one.rule, one.field) not in seen]
    return Standing(found, tuple(unseen))


def _is_asked_anew(finding: Finding, version: Version) -> bool:
    """What nobody may let pass is asked as often as it is found; of what has left a recovery is opened for it once."""
    if finding.severity is not Severity.EXCEPTION:
        return False
    return version.state is not State.FINAL or finding.reason not in version.recovered_for


def unseen_under_new_name(
    stands: Standing, version: Version, payee_id: UUID, reference: Reference
) -> Standing:
    """The same, where nobody was shown the name that this payee or provider has now."""
    fields = {one.field for one in parties_of(version.submission, reference) if one.payee_id == payee_id}
    named = [one for one in stands.found if one.reason is Reason.EXCLUSION_NAME and one.field in fields]
    return stands._replace(unseen=tuple(dict.fromkeys((*stands.unseen, *named))))


def is_on_a_list(provider: ProviderRecorded, screening: Screening) -> bool:
    """Whether the number or the name on file is on a list in force, for whatever days."""
    return any(provider.npi in one.by_npi or one.names(provider.name) for one in screening.lists.values())


def screened(submission: SubmissionReceived, reference: Reference) -> tuple[Finding, ...]:
    """Who of those it pays or names is on a list in force, for its days."""
    if not reference.screening.lists:
        return ()
    lines = submission.request.lines
    first_day, last_day = min([line.from_date for line in lines]), max([line.to_date for line in lines])
    return tuple(reference.screening.screen(parties_of(submission, reference), first_day, last_day))


def stored_standing(version: Version, told: Collection[str]) -> tuple[Finding, ...]:
    """What of it a stored verdict went by."""
    return tuple(one for one in version.findings if one.reason in NEVER_PINNED and one.reason in told)


def parties_of(submission: SubmissionReceived, reference: Reference) -> list[Party]:
    """Who bills, by number and by name on file and in the request; and who gave the service."""
    payee, rendering = submission.request.payee, submission.request.rendering_provider
    on_file: ProviderRecorded | None = reference.one("provider", submission.payee_id)
    npis = {payee.identifier} if payee.kind == "npi" else set()
    names = {payee.name} if payee.name else set()
    if on_file is not None:
        npis |= {on_file.npi} if on_file.npi else set()
        names |= {on_file.name}
    parties = [
        Party("payee.identifier", "billing", tuple(sorted(npis)), tuple(sorted(names)), submission.payee_id)
    ]
    if rendering is not None:
        payee_id = payee_id_of_npi(rendering)
        known: ProviderRecorded | None = reference.one("provider", payee_id)
        names_known = () if known is None else (known.name,)
        parties.append(Party("rendering_provider", "rendering", (rendering,), names_known, payee_id))
    return parties
