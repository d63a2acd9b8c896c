"""A request and its versions as they stand in memory while a slice is decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Literal
from uuid import UUID

from pydantic import TypeAdapter

from throughline.decisions import ScreenedAgainst
from throughline.findings import Finding
from throughline.reasons import Reason
from throughline.submissions import SubmissionReceived
from validation.coverage import Coverage
from validation.domain import COMMITTED, OPEN, State
from validation.duplicates import BillKey, bill_keys
from validation.form_days import Told
from validation.handling import UNTOUCHED, Handling
from validation.leaving import AS_A_CLAIM, Leaving
from validation.near_duplicates.keys import NearKeys, near_keys
from validation.payee_past import PayeePast
from validation.reference import Terms
from validation.tallies import Readings

StopCause = Literal["correction", "void", "withdrawal", "recall"]

Findings = tuple[Finding, ...]
_FINDINGS: TypeAdapter[Findings] = TypeAdapter(Findings)


@dataclass
class Version:
    """One version of a request: what came in, where it stands, and what was last said of it."""

    submission: SubmissionReceived
    decided_at: datetime
    state: State = State.WAITING
    reason: Reason | None = None
    """Why it stands where it stands, where that needs saying."""
    latest_event: UUID | None = None
    """What a reviewer's command must name."""
    decision_id: UUID | None = None
    """The latest approval, which payout's answers name."""
    stop_cause: StopCause | None = None
    """What it is stopped for, and so what follows; once final, what came too late."""
    paid_cents: int | None = None
    rule_set: str | None = None
    findings: Findings = ()
    shown: tuple[UUID, ...] = ()
    """Requests that billed the same, as reviewers were shown them."""
    assignee: UUID | None = None
    """Who looks at it, while it waits for a person."""
    handling: Handling = UNTOUCHED
    reference_revision: int | None = None
    """What of reference data stood when it came in. By that and by ``rule_set`` it is decided, whenever that is."""
    pack: str | None = None
    """The hash of the pack that stood when it came in, empty where none did (``programme.packs_of``)."""
    verdict: str | None = None
    """What rules, price and duplicates came to when it was settled, before any person looked: outcome and reasons."""
    verdict_cents: int | None = None
    """The price when it was settled; None where there was none."""
    leaving: Leaving = AS_A_CLAIM
    """How it is paid and explained, while a slice is decided."""
    told_by_form: tuple[Told, ...] = field(default=(), compare=False, repr=False)
    """The days that its form tells and is measured by, while a slice is decided."""
    terms: Terms | None = field(default=None, compare=False, repr=False)
    """What it is pinned to of reference data, while a slice is decided."""
    coverage_now: Coverage | None = field(default=None, compare=False, repr=False)
    """The member's coverage as it stands now, where the payer has it checked and the member is known."""
    payee_past: PayeePast | None = field(default=None, compare=False, repr=False)
    """What its payee billed before, where a rule asks for it, while a slice is decided."""
    resembling: tuple[SubmissionReceived, ...] = field(default=(), compare=False, repr=False)
    """What its decision kept of earlier requests that it resembles, while other thresholds are tried on it."""
    readings: Readings = ()
    """What the latest decision read of tallies, and added to them."""
    settled_readings: Readings = ()
    """What was read of tallies when it was settled; ``verdict_cents`` goes by it."""
    screened: tuple[ScreenedAgainst, ...] = field(default=(), compare=False)
    """The exclusion lists that what is decided about it now goes by."""
    body: bytes | None = field(default=None, compare=False, repr=False)
    """The submission as it was heard, to be stored."""
    is_stored: bool = False
    is_changed: bool = True

    @property
    def number(self) -> int:
        return self.submission.version

    @property
    def is_void(self) -> bool:
        return self.submission.request.frequency == "8"

    @cached_property
    def bill_keys(self) -> list[BillKey]:
        """A void bills nothing, so it has none."""
        return [] if self.is_void else bill_keys(self.submission)

    @cached_property
    def near_keys(self) -> NearKeys:
        return near_keys(self.submission)

    @property
    def pays_nothing(self) -> bool:
        """Approved at a price of zero: no money ever moves, so nothing of it has to be stopped or recovered."""
        return self.state in (State.APPROVED, State.FINAL) and self.paid_cents == 0

    @property
    def is_to_be_settled(self) -> bool:
        """It waits for an earlier version to be stopped: first of all, or after that came too late."""
        return self.state is State.WAITING or (
            self.state is State.EXCEPTION and self.reason is Reason.RECOVERY_NEEDED
        )

    @property
    def recovered_for(self) -> tuple[Reason | None, ...]:
        """For what recoveries of it were opened; before they were kept, the latest stood as its reason."""
        return self.handling.recovered or (self.reason,)

    @cached_property
    def charge_cents(self) -> int:
        return sum([line.charge_cents for line in self.submission.request.lines])

    @cached_property
    def first_day(self) -> date:
        """The first service day: the rules and terms in force on it decide."""
        return min([line.from_date for line in self.submission.request.lines])

    def end(self, reason: Reason) -> None:
        """Nothing more will be decided about it."""
        self.state, self.reason, self.is_changed = State.ENDED, reason, True

    def wait(self) -> None:
        self.state, self.is_changed = State.WAITING, True


@dataclass
class Request:
    """All versions of one request."""

    request_id: UUID
    versions: dict[int, Version] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Version]:
        return iter(self.versions.values())

    @property
    def first_received_on(self) -> date:
        """Timely filing counts to the day the original came in, also for its corrections."""
        return self.versions[min(self.versions)].submission.received_on

    def before(self, version: Version) -> list[Version]:
        return [one for one in self if one.number < version.number]

    def open_before(self, version: Version) -> list[Version]:
        """Earlier versions that a newer one ends by coming: open ones, and one that still waited."""
        return [one for one in self.before(version) if one.state in OPEN or one.state is State.WAITING]

    def committed_before(self, version: Version) -> Version | None:
        """The earlier version that may be paid or was; the newer one must not be decided beside it."""
        return next((one for one in self.before(version) if one.state in COMMITTED), None)

    def waiting(self) -> Version | None:
        return next((one for one in self if one.state is State.WAITING), None)

    def needing_recovery(self) -> Version | None:
        """The version that waits until the money of an earlier one is recovered."""
        return next(
            (one for one in self if one.state is State.EXCEPTION and one.reason is Reason.RECOVERY_NEEDED),
            None,
        )

    def all_bill_keys(self) -> list[BillKey]:
        return [key for version in self for key in version.bill_keys]


def findings_to_json(findings: Findings) -> bytes | None:
    return _FINDINGS.dump_json(findings) if findings else None


def findings_from_json(text: bytes | None) -> Findings:
    return _FINDINGS.validate_json(text) if text else ()
