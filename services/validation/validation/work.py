"""What one slice needs in memory: loaded at once with its rows locked, decided upon, stored at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import asyncpg

from chassis import Context, Heard
from throughline.packs.directory import NO_PACKS, Packs
from throughline.programmes import MEDICAL
from throughline.reviews import AssignReview, DecideReview
from throughline.submissions import SubmissionReceived
from validation import (
    form_days_repository,
    past_repository,
    payee_past_repository,
    pins_repository,
    repository,
    tally_repository,
)
from validation.desk import Desk
from validation.domain import OPEN, State
from validation.duplicates import BillClaims
from validation.exclusions_repository import ClearedBy, read_cleared_by, store_cleared, take_back_cleared
from validation.form_days import FormDays, readings_of, told_by
from validation.history import Request, Version
from validation.leaving import leaving
from validation.near_duplicates.past import Past
from validation.near_duplicates.rules import DuplicateRules, DuplicateRuleSets, load_duplicate_rules
from validation.near_duplicates.verdict import NOTHING, Verdict, judge
from validation.programme import hash_of_pack, packs_of
from validation.quote import Quote, quote, tally_keys
from validation.reference import Reference, Terms
from validation.rules.published import PublishedRules
from validation.rules.rule_set import Catalogue, CatalogueBreach, RuleSet
from validation.standing import Standing, standing
from validation.tallies import Tallies, TallyKey


class RulesOfANewerRelease(asyncpg.SerializationError):  # type: ignore[misc]  # asyncpg has no types
    """Rules were published that this release cannot read. It waits for its upgrade rather than go by older ones."""


@dataclass(slots=True)
class Resources:
    """What a process keeps between slices: the compiled rules, and reference data as last seen."""

    catalogue: PublishedRules
    duplicate_rules: DuplicateRuleSets = field(default_factory=load_duplicate_rules)
    reference: Reference = field(default_factory=Reference)
    packs: Packs = field(default_factory=dict)
    desk: Desk = field(default_factory=Desk)
    """Where people ask of stored history."""

    async def refresh(self, db: asyncpg.Connection) -> None:
        """Take in what was recorded and published since: usually nothing, found out by one number."""
        await repository.refresh_reference(db, self.reference)
        try:
            self.catalogue.follow(self.reference.rules)
        except CatalogueBreach as breach:
            raise RulesOfANewerRelease(str(breach)) from None


class DecisionWork:
    """Requests, bill keys and reference data of a slice of submissions, reviews or items."""

    def __init__(
        self,
        requests: dict[UUID, Request],
        bills: BillClaims,
        catalogue: Catalogue,
        reference: Reference,
        past: Past,
    ) -> None:
        self.requests = requests
        self.past = past
        """The requests that those of the slice may repeat without being the same bill."""
        self.arriving: dict[UUID, Version] = {}
        """New versions by the id of the message that brings them; each joins its request in its turn."""
        self.reviewers: frozenset[UUID] = frozenset()
        """Of those to whom the slice hands reviews, the ones who may look at them."""
        self.tallies = Tallies({})
        self.form_days = FormDays()
        self.bills = bills
        self.catalogue = catalogue
        self.reference = reference
        self.packs: Packs = NO_PACKS
        self.cleared: list[ClearedBy] = []
        """Names that reviewers clear in this slice; they count from the next one on."""
        self.cleared_before: dict[UUID, ClearedBy] = {}
        """Of events that the slice's commands take back, what they cleared and still holds."""
        self.taken_back: list[ClearedBy] = []

    @classmethod
    async def load(
        cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context
    ) -> DecisionWork:
        resources: Resources = context.resources
        await resources.refresh(db)
        ids = sorted({one.message.request_id for one in heard})
        requests = await repository.lock_requests(db, ids)
        keys = {key for request in requests.values() for key in request.all_bill_keys()}
        rules = resources.duplicate_rules.beside(resources.catalogue.published_duplicates)
        past = Past(rules, resources.packs)
        work = cls(requests, BillClaims({}), resources.catalogue, resources.reference, past)
        work.packs = resources.packs
        for one in heard:
            if isinstance(one.message, SubmissionReceived):
                version = Version(one.message, one.recorded_at, body=one.body)
                work.arriving[one.envelope.id] = version
                keys.update(version.bill_keys)
        handed = [one.message.assignee for one in heard if isinstance(one.message, AssignReview)]
        to = {one for one in handed if one is not None}
        work.reviewers = await repository.reviewers_among(db, sorted(to))
        doubted = [one.message.answers for one in heard if _takes_clearance_back(one.message)]
        work.cleared_before = await read_cleared_by(db, doubted)
        # In this order: what another replica approves in between is seen as the same bill, not as one like it.
        await past_repository.read_past(db, past, work._to_be_judged(heard))
        work.bills = await repository.lock_bill_keys(db, sorted(keys))
        await work._pin(db)
        await payee_past_repository.read_payee_past(db, work._asked_of_the_past(heard))
        await work._read_forms(db)
        work.tallies = await tally_repository.lock_tallies(db, work._tally_keys())
        return work

    async def _pin(self, db: asyncpg.Connection) -> None:
        """What arrives is pinned to what stands now; what stands open was pinned when it arrived."""
        for version in self.arriving.values():
            version.rule_set = self.catalogue.in_force_on(version.first_day).sha256
            if version.submission.request.programme != MEDICAL:
                version.pack = hash_of_pack(version.submission, self.packs)
        unfinished = [
            one for request in self.requests.values() for one in request if one.state is not State.ENDED
        ]
        await pins_repository.read_rule_sets(db, self.catalogue, unfinished)
        pinned = [*unfinished, *self.arriving.values()]
        await pins_repository.read_pinned(db, self.reference, pinned)

    async def _read_forms(self, db: asyncpg.Connection) -> None:
        """Of programmes with forms: what they tell and are measured by, and how they are paid and explained."""
        of_requests = [one for request in self.requests.values() for one in request]
        pinned = [one for one in (*of_requests, *self.arriving.values()) if one.terms is not None]
        other = [one for one in pinned if one.submission.request.programme != MEDICAL]
        for version in other:
            version.told_by_form = told_by(version.submission, self.terms_of(version), self.packs_of(version))
        told = [each for version in other for each in version.told_by_form]
        self.form_days = await form_days_repository.read_form_days(db, told)
        for version in other:
            counted = self.counted(version)
            version.leaving = leaving(
                version.submission, self.terms_of(version), self.packs_of(version), counted
            )

    def terms_of(self, version: Version) -> Terms:
        """What of reference data stood when it came in."""
        return version.terms or pins_repository.terms_pinned(self.reference, version)

    def packs_of(self, version: Version) -> Packs:
        """The pack that stood when it came in, if it still does."""
        return packs_of(version.pack, self.packs)

    def rules_of(self, version: Version) -> RuleSet:
        """The rules that were in force for its first service day when it came in."""
        return self.catalogue.set_of(version.rule_set, version.first_day)

    def _tally_keys(self) -> list[TallyKey]:
        """What versions of the slice have added to, and what any of them may be decided by."""
        keys: set[TallyKey] = set()
        for version in (
            *self.arriving.values(),
            *(one for request in self.requests.values() for one in request),
        ):
            keys.update([reading.key for reading in version.readings])
            if version.terms is not None:
                keys.update(tally_keys(version.submission, version.terms))
        return sorted(keys)

    def _to_be_judged(self, heard: Sequence[Heard[Any]]) -> list[Version]:
        """What this slice may approve: what arrives, what waits, for a recovery too, and what a reviewer approves."""
        judged = [one for one in self.arriving.values() if not one.is_void]
        for request in self.requests.values():
            judged += [
                one for one in (request.waiting(), request.needing_recovery()) if one and not one.is_void
            ]
        for one in heard:
            if isinstance(one.message, DecideReview) and one.message.decision == "approve":
                version = self.requests[one.message.request_id].versions.get(one.message.version)
                if version is not None and version.state in OPEN:
                    judged.append(version)
        return judged

    def _asked_of_the_past(self, heard: Sequence[Heard[Any]]) -> list[Version]:
        """What rules are asked about now, where one of them reads what the payee billed before."""
        return [
            one for one in self._to_be_judged(heard) if one.is_to_be_settled and self.rules_of(one).reads_past
        ]

    def duplicate_rules_for(self, version: Version) -> DuplicateRules:
        """Published with the rules that it is pinned to, else the release's own."""
        published = self.rules_of(version).duplicates
        return published or self.past.rules.in_force_on(version.near_keys.first_day)

    def judge(self, version: Version) -> Verdict:
        """Beside what holds its bill at this moment; what ended before anything was paid does not count, nor what a
        reviewer let it, or what it corrects, be paid beside."""
        candidates = [
            one
            for one in self.past.candidates(version.submission, version.near_keys)
            if not self._has_ended(one)
        ]
        if not candidates:
            return NOTHING
        request = self.requests[version.submission.request_id]
        approved = [one for one in request if one is version or one.decision_id is not None]
        shown = {other for one in approved for other in one.shown}
        return judge(version.submission, candidates, self.duplicate_rules_for(version), shown, self.packs)

    def quote(self, version: Version) -> Quote:
        """What the version would be paid at this moment. What was read for it stays on the version."""
        counted = self.counted(version)
        quoted = quote(
            version.submission, self.terms_of(version), self.tallies, self.packs_of(version), counted
        )
        quoted = quoted._replace(readings=(*quoted.readings, *readings_of(counted, version.told_by_form)))
        if not any(one.added for one in version.readings):  # of what is approved, what it holds stays
            version.readings = quoted.read
        return quoted

    def counted(self, version: Version) -> dict[str, int]:
        """What its form's pack asks of earlier forms, as they stand at this moment."""
        return self.form_days.count(version.told_by_form, version.submission.request_id, self._is_over)

    def tell_of_form(self, version: Version) -> None:
        """From now on later forms are measured by this one too: it is approved, or a person looks at it."""
        self.form_days.add(version.told_by_form, version.submission)

    def standing(self, version: Version) -> Standing:
        """What stands against paying it at this moment. Which lists were asked stays on the version."""
        version.screened = self.reference.screening.against
        return standing(version, self.reference, self.packs)

    def use_up(self, version: Version, quoted: Quote) -> None:
        """Once for each version: it holds what its latest approval added, and nothing besides."""
        self.give_back(version)
        version.readings = quoted.readings
        self.tallies.add(quoted.readings)

    def give_back(self, version: Version) -> None:
        """The version was stopped, or gives way, before anything was paid. What it had read stays on it."""
        self.tallies.give_back(version.readings)
        version.readings = tuple([one._replace(added=0) for one in version.readings])

    def claim(self, version: Version) -> None:
        """From now on the bill is this version's, and others may repeat it."""
        self.bills.take(version.bill_keys, version.submission.request_id)
        self.past.add(version.submission, version.near_keys, self.duplicate_rules_for(version))
        self.tell_of_form(version)

    def stand_beside_later_forms(self, version: Version) -> None:
        """A person looks at it, and its bill is not claimed: another form of the same hours is found when it comes, not
        only when this one is approved."""
        self.tell_of_form(version)
        if version.submission.request.form is not None:
            self.past.add(version.submission, version.near_keys, self.duplicate_rules_for(version))

    def _is_over(self, request_id: UUID, number: int) -> bool:
        """Of what the slice itself changed: what ended or was denied is paid no more."""
        request = self.requests.get(request_id)
        version = None if request is None else request.versions.get(number)
        return version is not None and version.state in (State.ENDED, State.DENIED)

    def _has_ended(self, one: SubmissionReceived) -> bool:
        request = self.requests.get(one.request_id)
        version = None if request is None else request.versions.get(one.version)
        return version is not None and version.state is State.ENDED

    async def store(self, db: asyncpg.Connection) -> None:
        await repository.store_versions(db, self.requests)
        await repository.store_bill_keys(db, self.bills)
        await tally_repository.store_tallies(db, self.tallies)
        await form_days_repository.store_form_days(db, self.form_days)
        await past_repository.store_past(db, self.past)
        await store_cleared(db, self.cleared)
        await take_back_cleared(db, self.taken_back)


def _takes_clearance_back(message: Any) -> bool:
    return isinstance(message, DecideReview) and message.decision == "take_back_clearance"
