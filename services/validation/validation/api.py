"""What validation answers over HTTP: the reviews that wait, how a request was decided, which rules are in force."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import HTTPException, Query, Request
from pydantic import BaseModel, ValidationError

from chassis.guarded import context_of, guarded_router
from throughline.findings import Finding
from throughline.reasons import Reason
from throughline.requests import PaymentRequest
from validation import members_repository, payee_past_repository, queries
from validation.checks import as_if_sent, check, rules_for
from validation.rules.rule import Rule

router = guarded_router()


class WaitingReview(BaseModel):
    """One line of the review queue. ``answers`` is what a DecideReview must name."""

    request_id: UUID
    version: int
    state: str
    answers: UUID
    reason: Reason | None
    payer: str
    charge_cents: int
    proposed_cents: int | None
    decided_at: datetime
    needs_second_approver: bool
    """One person approved it; another must."""


class ReviewPage(BaseModel):
    reviews: list[WaitingReview]
    next: str | None
    """Give it as ``after`` for the next page; None on the last."""


class DecidedVersion(BaseModel):
    """How one version stands, why, and by which rules."""

    version: int
    state: str
    reason: Reason | None
    latest_event: UUID | None
    decision_id: UUID | None
    charge_cents: int
    paid_cents: int | None
    rule_set: str | None
    findings: list[Finding]
    received_on: date
    decided_at: datetime


class DecidedRequest(BaseModel):
    request_id: UUID
    versions: list[DecidedVersion]


class Checked(BaseModel):
    findings: list[Finding]


class RuleSetInForce(BaseModel):
    sha256: str
    on: date
    rules: list[dict[str, Any]]


@router.get("/reviews")
async def reviews(
    request: Request,
    payer: str | None = None,
    state: Annotated[str | None, Query(pattern="^(review|exception)$")] = None,
    after: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1)] = 100,
) -> ReviewPage:
    """What waits for a person, oldest first."""
    context = context_of(request)
    size = min(limit, context.settings.reviews_page_max)
    try:
        position = queries.position_of(after)
    except ValueError:
        raise HTTPException(422, "after is not a position that this list gave") from None
    async with context.pool.acquire() as db:
        rows = await queries.waiting_reviews(db, payer, state, position, size + 1)
    page = rows[:size]
    return ReviewPage(
        reviews=[WaitingReview(**row) for row in page],
        next=queries.position_after(page[-1]) if len(rows) > size else None,
    )


@router.get("/requests/{request_id}")
async def decided_request(request: Request, request_id: UUID) -> DecidedRequest:
    """Every version of one request as decided, with its findings."""
    async with context_of(request).pool.acquire() as db:
        versions = await queries.decided_versions(db, request_id)
    if not versions:
        raise HTTPException(404, "no such request was decided here")
    return DecidedRequest(request_id=request_id, versions=[DecidedVersion(**one) for one in versions])


@router.get("/rules")
async def rules(request: Request, on: date | None = None) -> RuleSetInForce:
    """The rules in force for a first service day; without one, for today's business date."""
    context = context_of(request)
    day = on or context.clock.now().date()
    async with context.pool.acquire() as db:
        await context.resources.refresh(db)
    rule_set = context.resources.catalogue.in_force_on(day)
    return RuleSetInForce(sha256=rule_set.sha256, on=day, rules=[_content(rule) for rule in rule_set.rules])


@router.post("/checks")
async def checks(request: Request, partner: str = "portal") -> Checked:
    """The body is a payment request, not yet sent; the answer is what the rules in force find wrong with it."""
    context = context_of(request)
    try:
        asked = PaymentRequest.model_validate_json(await request.body())
    except ValidationError:
        raise HTTPException(422, "the body is not a payment request") from None
    async with context.pool.acquire() as db:
        reference = context.resources.reference
        await context.resources.refresh(db)
        payer = reference.payers.get(asked.payer)
        coverage = None
        if payer is not None and payer.coverage_checked:
            member = members_repository.key_of(asked)
            stored = (await members_repository.read_latest(db, [member])).get(member)
            coverage = None if stored is None else stored.coverage
        today, catalogue, past = context.clock.today(), context.resources.catalogue, None
        if rules_for(asked, catalogue).reads_past:
            (past,) = await payee_past_repository.past_of(db, [(as_if_sent(asked, partner, today), False)])
    found = check(asked, partner, today, reference, catalogue, coverage, past)
    return Checked(findings=found)


def _content(rule: Rule) -> dict[str, Any]:
    return {**rule.content(), "sentence": rule.reason.sentence}
