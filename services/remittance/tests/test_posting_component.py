"""Remittance on a real database: one remittance for a payment, whatever the order, and none that does not agree."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import Context, FixedClock, testing
from remittance.app import service
from remittance.page import page
from remittance.post_waiting import post_waiting
from remittance.settings import RemittanceSettings
from remittance.x12_835_read import read_transaction
from throughline.adjudications import AdjudicatedLine, Adjudication, Adjustment
from throughline.decisions import Decider, SubmissionApproved, SubmissionDenied
from throughline.identifiers import (
    claim_number_for,
    payee_id_for,
    remittance_id_for_payment,
    remittance_id_for_request,
)
from throughline.items import ItemScheduled
from throughline.payments import PaymentRefused, PaymentReturned, PaymentReversed, PaymentSent, PaymentSettled
from throughline.reasons import Reason
from throughline.reference import Address, PayerRecorded, ProviderRecorded
from throughline.remittances import MismatchFound, RemittancePosted, RemittanceReversed, RemittanceSuperseded
from throughline.requests import Payee, Subject
from throughline.sensitive import Sensitive, SensitiveTin

NPI = "1234567893"
PAYEE_ID = payee_id_for("npi", NPI)
RULES = "0" * 64
HOME = Address(street="1 Main Street", city="Sacramento", state="CA", zip="95814")
PAYER = PayerRecorded(
    payer="demo-health", version=1, name="Demo Health Plan", tin="987654321", address=HOME, contact_name="EDI Help",
    contact_phone="8005550100", auto_approve_below_cents=100_000, bank="sandbox-bank",
)  # fmt: skip
PROVIDER = ProviderRecorded(
    payee_id=PAYEE_ID, version=1, kind="npi", identifier=NPI, npi=NPI, tin=SensitiveTin("941234567"),
    name="Oakwood Clinic", address=HOME, enrolled_from=date(2020, 1, 1),
)  # fmt: skip
_numbers = itertools.count(1)


def adjudication(paid: int = 9000, charge: int = 12000, **changes: Any) -> Adjudication:
    number = f"REQ-{next(_numbers)}"
    less = () if paid == charge else (Adjustment(group="CO", carc="45", amount_cents=charge - paid),)
    line = AdjudicatedLine(
        line_id="L1", from_date=date(2026, 11, 2), to_date=date(2026, 11, 2), code="97530", modifiers=("GP",),
        units_thousandths=2000, charge_cents=charge, allowed_cents=paid, paid_cents=paid, adjustments=less,
    )  # fmt: skip
    fields: dict[str, Any] = {
        "partner": "alpha", "number": number, "payer_claim_number": claim_number_for(uuid4()), "payer": "demo-health",
        "programme": "medical", "payee": Payee(kind="npi", identifier=NPI, tin=SensitiveTin("941234567")),
        "payee_id": PAYEE_ID, "frequency": "1", "place_of_service": "11", "charge_cents": charge, "paid_cents": paid,
        "subject": Subject(member_id=Sensitive("M0001"), last_name=Sensitive("Peña"), first_name=Sensitive("Ana")),
        "patient_responsibility_cents": 0, "lines": (line,),
    }  # fmt: skip
    return Adjudication(**fields | changes)


@dataclass
class Story:
    """Everything that is said of one payment, ready to be told in any order."""

    payment_id: UUID
    approvals: list[Any]
    items: list[Any]
    sent: Any
    settled: Any
    returned: Any

    @property
    def messages(self) -> list[Any]:
        return [*self.approvals, *self.items, self.sent, self.settled]


def story(claims: Sequence[Adjudication], **changes: Any) -> Story:
    payment_id, batch_id = uuid4(), uuid4()
    approvals, items, lines = [], [], []
    for claim in claims:
        request_id = uuid4()
        approval = SubmissionApproved(
            request_id=request_id,
            version=1,
            adjudication=claim,
            decided_by=Decider(kind="system"),
            rule_set=RULES,
        )
        approvals.append(testing.heard(approval, key=str(request_id), topic="decisions"))
        decision_id = approvals[-1].envelope.id
        item = ItemScheduled(
            request_id=request_id, version=1, decision_id=decision_id, payment_id=payment_id, batch_id=batch_id,
            amount_cents=claim.paid_cents, adjudication=claim,
        )  # fmt: skip
        items.append(testing.heard(item, key=str(request_id), topic="items"))
        lines.append(f"{request_id},1,{decision_id},{claim.paid_cents}\n")
    total = sum(claim.paid_cents for claim in claims)
    sent: dict[str, Any] = {
        "payment_id": payment_id, "batch_id": batch_id, "payer": "demo-health", "payee_id": PAYEE_ID,
        "payee_name": "OAKWOOD CLINIC", "account_token": "acct", "account_mask": "••••6789", "amount_cents": total,
        "item_count": len(claims), "items_hash": hashlib.sha256("".join(sorted(lines)).encode()).hexdigest(),
        "trace_number": payment_id.hex[:20].upper(), "payer_trace_id": "1987654321", "ach_trace": "121042880000001",
        "odfi_routing": "121042882", "rdfi_routing": "091000019", "effective_date": date(2026, 11, 17),
    }  # fmt: skip
    settled: dict[str, Any] = {
        "payment_id": payment_id, "batch_id": batch_id, "amount_cents": total, "settled_on": date(2026, 11, 17),
        "statement_reference": "S1", "return_window_ends_on": date(2026, 11, 19),
    }  # fmt: skip
    returned = PaymentReturned(
        payment_id=payment_id, batch_id=batch_id, amount_cents=total, return_code="R03", returned_on=date(2026, 11, 18),
        return_trace="091000010000001",
    )  # fmt: skip
    key = str(payment_id)
    return Story(
        payment_id,
        approvals,
        items,
        testing.heard(PaymentSent(**sent | changes.get("sent", {})), key=key, topic="payments"),
        testing.heard(PaymentSettled(**settled | changes.get("settled", {})), key=key, topic="payments"),
        testing.heard(returned, key=key, topic="payments"),
    )


@pytest.fixture
def context(pool: asyncpg.Pool) -> Context:
    made = RemittanceSettings(database_url="postgresql://unused")
    clock = FixedClock(datetime(2026, 11, 17, 20, 30, 15, tzinfo=UTC))
    return testing.context_for(service, pool, clock=clock, settings=made)


async def tell(context: Context, *messages: Any) -> list[Any]:
    return [one.message for one in await testing.deliver(service, context, messages)]


async def on_file(context: Context) -> None:
    await tell(
        context,
        testing.heard(PAYER, topic="reference.payers"),
        testing.heard(PROVIDER, topic="reference.providers"),
    )


async def test_a_settled_payment_gets_one_835_with_its_trace_amount_and_date(context: Context) -> None:
    await on_file(context)
    told = story([adjudication(), adjudication(5000)])
    said = await tell(context, *told.messages)
    assert [type(one) for one in said] == [RemittancePosted]
    posted = said[0]
    assert (posted.payment_id, posted.amount_cents, posted.claim_count) == (told.payment_id, 14000, 2)
    assert posted.remittance_id == remittance_id_for_payment(told.payment_id)
    content = await context.pool.fetchval("select content_835 from remittances")
    assert hashlib.sha256(content).hexdigest() == posted.content_sha256
    made = read_transaction(content)
    assert (made.amount_cents, made.trace_number, made.effective_date) == (
        14000,
        posted.trace_number,
        date(2026, 11, 17),
    )
    assert made.payer.trace_id == told.sent.message.payer_trace_id
    assert {claim.number for claim in made.claims} == {
        item.message.adjudication.number for item in told.items
    }
    assert made.claims[0].last_name == "PENA"
    assert made.payee.name == "OAKWOOD CLINIC"


async def test_a_payer_whose_tin_changed_since_is_traced_as_the_bank_entry_says(context: Context) -> None:
    await on_file(context)
    told = story([adjudication()])
    await tell(context, *told.messages[:-1])
    changed = PAYER.model_copy(update={"version": 2, "tin": "912345678"})
    await tell(context, testing.heard(changed, topic="reference.payers"), told.settled)
    made = read_transaction(await context.pool.fetchval("select content_835 from remittances"))
    assert made.payer.trace_id == told.sent.message.payer_trace_id == "1987654321"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(7)), one_by_one=st.booleans())
async def test_the_order_in_which_topics_are_read_does_not_matter(
    context: Context, order: list[int], one_by_one: bool
) -> None:
    """Payer, two approvals, two items, the sending, the settlement: what comes last posts, once."""
    await context.pool.execute("truncate payers")
    told = story([adjudication(), adjudication(5000)])
    messages = [testing.heard(PAYER, topic="reference.payers"), *told.messages]
    said: list[Any] = []
    for part in (
        [[messages[place]] for place in order] if one_by_one else [[messages[place] for place in order]]
    ):
        said += await tell(context, *part)
    if not said:  # the payer came last
        await post_waiting(context)
    rows = await context.pool.fetch(
        "select live, amount_cents from remittances where payment_id = $1", told.payment_id
    )
    assert [tuple(row) for row in rows] == [(True, 14000)]
    assert [type(one) for one in said] in ([RemittancePosted], [])


async def test_two_topics_read_at_the_same_moment_do_not_miss_each_other(context: Context) -> None:
    await on_file(context)
    for _ in range(15):
        told = story([adjudication()])
        runs = (told.approvals, told.items, [told.sent, told.settled])
        said = await asyncio.gather(*(tell(context, *run) for run in runs))
        assert [type(one) for run in said for one in run] == [RemittancePosted]


MISMATCHES = [
    ("items_hash", {"sent": {"items_hash": "f" * 64}}),
    ("amount", {"sent": {"amount_cents": 14001}}),
    ("amount", {"settled": {"amount_cents": 13999}}),
]


@pytest.mark.parametrize(("what", "changes"), MISMATCHES)
async def test_what_does_not_agree_is_told_and_never_posted(
    context: Context, what: str, changes: dict[str, Any]
) -> None:
    await on_file(context)
    told = story([adjudication(), adjudication(5000)], **changes)
    said = await tell(context, *told.messages)
    assert [(type(one), one.what) for one in said] == [(MismatchFound, what)]
    await post_waiting(context)
    assert await context.pool.fetchval("select count(*) from remittances") == 0
    assert await testing.said_in(context.pool) != []


async def test_an_item_that_pays_other_than_was_approved_is_a_mismatch(context: Context) -> None:
    await on_file(context)
    told = story([adjudication()])
    other = told.approvals[0].message.model_copy(update={"adjudication": adjudication(8000)})
    told.approvals[0] = testing.heard(other, topic="decisions", id=told.approvals[0].envelope.id)
    said = await tell(context, *told.messages)
    assert [(type(one), one.what) for one in said] == [(MismatchFound, "amount")]


async def test_more_items_than_were_sent_is_a_mismatch(context: Context) -> None:
    await on_file(context)
    told, extra = story([adjudication()]), story([adjudication()])
    stray = extra.items[0].message.model_copy(update={"payment_id": told.payment_id})
    said = await tell(
        context, *told.approvals, *told.items, testing.heard(stray, topic="items"), told.sent, told.settled
    )
    assert [(type(one), one.what) for one in said] == [(MismatchFound, "item_count")]


async def test_nothing_is_posted_before_the_last_item_is_heard(context: Context) -> None:
    await on_file(context)
    told = story([adjudication(), adjudication()])
    assert await tell(context, *told.approvals, told.items[0], told.sent, told.settled) == []
    await post_waiting(context)
    assert await context.pool.fetchval("select count(*) from remittances") == 0
    assert [type(one) for one in await tell(context, told.items[1])] == [RemittancePosted]


async def test_a_returned_payment_is_no_longer_live_and_gets_no_second_835(context: Context) -> None:
    await on_file(context)
    told = story([adjudication()])
    await tell(context, *told.messages)
    said = await tell(context, told.returned, told.settled)
    assert said == [
        RemittanceReversed(
            remittance_id=remittance_id_for_payment(told.payment_id),
            payment_id=told.payment_id,
            amount_cents=9000,
        )
    ]
    assert [tuple(row) for row in await context.pool.fetch("select live, amount_cents from remittances")] == [
        (False, 9000)
    ]


async def test_a_payment_that_was_taken_back_is_no_longer_live(context: Context) -> None:
    await on_file(context)
    told = story([adjudication()])
    await tell(context, *told.messages)
    back = PaymentReversed(
        payment_id=told.payment_id, batch_id=uuid4(), amount_cents=9000, reversed_on=date(2026, 11, 19),
        reversal_trace="121042880000002",
    )  # fmt: skip
    heard = testing.heard(back, key=str(told.payment_id), topic="payments")
    assert [type(one) for one in await tell(context, heard)] == [RemittanceReversed]
    assert await tell(context, told.returned) == []
    assert await context.pool.fetchval("select count(*) from remittances where live") == 0


async def test_a_return_that_comes_before_the_settlement_is_final(context: Context) -> None:
    await on_file(context)
    told = story([adjudication()])
    assert await tell(context, *told.approvals, *told.items, told.sent, told.returned, told.settled) == []
    await post_waiting(context)
    assert await context.pool.fetchval("select count(*) from remittances") == 0


async def test_settled_then_returned_then_its_items_is_posted_and_reversed_at_once(context: Context) -> None:
    await on_file(context)
    told = story([adjudication()])
    await tell(context, told.sent, told.settled, told.returned)
    said = await tell(context, *told.approvals, *told.items)
    assert [type(one) for one in said] == [RemittancePosted, RemittanceReversed]
    assert await context.pool.fetchval("select live from remittances") is False


async def test_a_payment_the_bank_refused_is_not_explained(context: Context) -> None:
    await on_file(context)
    told = story([adjudication()])
    refused = PaymentRefused(payment_id=told.payment_id, batch_id=uuid4(), reason=Reason.REFUSED_BY_BANK)
    said = await tell(
        context, *told.approvals, *told.items, told.sent, testing.heard(refused, topic="payments")
    )
    assert said == []


async def test_a_reissue_is_a_payment_of_its_own_under_the_same_decision(context: Context) -> None:
    await on_file(context)
    claim = adjudication()
    first = story([claim])
    await tell(context, *first.messages, first.returned)
    again = story([claim])
    item = first.items[0].message.model_copy(update={"payment_id": again.payment_id})
    line = f"{item.request_id},1,{item.decision_id},9000\n"
    sent = again.sent.message.model_copy(update={"items_hash": hashlib.sha256(line.encode()).hexdigest()})
    said = await tell(
        context, testing.heard(item, topic="items"), testing.heard(sent, topic="payments"), again.settled
    )
    assert [type(one) for one in said] == [RemittancePosted]
    live = await context.pool.fetch("select payment_id from remittances where live")
    assert [row[0] for row in live] == [again.payment_id]
    assert said[0].supersedes == (remittance_id_for_payment(first.payment_id),)


def denial(claim: Adjudication) -> Any:
    request_id = uuid4()
    message = SubmissionDenied(
        request_id=request_id, version=1, reason=Reason.TIMELY_FILING, adjudication=claim,
        decided_by=Decider(kind="system"), rule_set=RULES,
    )  # fmt: skip
    return testing.heard(message, key=str(request_id), topic="decisions")


async def test_a_denied_claim_gets_an_835_without_payment(context: Context) -> None:
    await on_file(context)
    denied = denial(adjudication(paid=0))
    said = await tell(context, denied)
    request_id = denied.message.request_id
    assert [type(one) for one in said] == [RemittancePosted]
    assert (said[0].request_id, said[0].version, said[0].payment_id, said[0].amount_cents) == (
        request_id,
        1,
        None,
        0,
    )
    assert said[0].remittance_id == remittance_id_for_request(request_id, 1)
    made = read_transaction(await context.pool.fetchval("select content_835 from remittances"))
    assert not made.is_payment
    assert (made.trace_number, made.effective_date) == (said[0].trace_number, date(2026, 11, 17))


async def test_a_version_priced_to_zero_then_denied_is_explained_once(context: Context) -> None:
    await on_file(context)
    denied = denial(adjudication(paid=0))
    request_id = denied.message.request_id
    approved = SubmissionApproved(
        request_id=request_id,
        version=1,
        adjudication=denied.message.adjudication,
        decided_by=Decider(kind="system"),
        rule_set=RULES,
    )
    told = testing.heard(approved, key=str(request_id), topic="decisions")
    assert [type(one) for one in await tell(context, told, denied)] == [RemittancePosted]
    assert await tell(context, denied) == []


def zero_and_its_correction(paid: int) -> tuple[Any, Any]:
    zero = approval_of(adjudication(paid=0), uuid4(), 1)
    return zero, approval_of(adjudication(paid=paid), zero.message.request_id, 2)


def approval_of(claim: Adjudication, request_id: UUID, version: int) -> Any:
    message = SubmissionApproved(
        request_id=request_id, version=version, adjudication=claim, decided_by=Decider(kind="system"), rule_set=RULES
    )  # fmt: skip
    return testing.heard(message, key=str(request_id), topic="decisions")


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("paid", [0, 9000])
async def test_the_next_version_takes_the_place_of_one_that_paid_nothing(
    context: Context, together: bool, paid: int
) -> None:
    await on_file(context)
    zero, corrected = zero_and_its_correction(paid)
    said = await tell(context, zero, corrected) if together else []
    if not together:
        said = [*await tell(context, zero), *await tell(context, corrected)]
    expected = [RemittancePosted, RemittanceSuperseded] + ([RemittancePosted] if paid == 0 else [])
    assert [type(one) for one in said] == expected
    superseded = said[1]
    assert (superseded.remittance_id, superseded.version) == (said[0].remittance_id, 1)
    live = await context.pool.fetch("select version from remittances where live")
    assert [row[0] for row in live] == ([2] if paid == 0 else [])
    third = approval_of(adjudication(paid=0), zero.message.request_id, 3)
    assert [type(one) for one in await tell(context, third)] == (
        [RemittanceSuperseded, RemittancePosted] if paid == 0 else [RemittancePosted]
    )


async def test_what_waited_for_its_payer_and_was_superseded_is_never_posted(context: Context) -> None:
    zero, corrected = zero_and_its_correction(9000)
    assert await tell(context, zero, corrected) == []
    await on_file(context)
    await post_waiting(context)
    assert await testing.said_in(context.pool) == []
    assert await context.pool.fetchval("select state from notices") == "superseded"


async def test_a_child_care_payment_is_explained_by_an_advice_alone(context: Context) -> None:
    await on_file(context)
    said = await tell(context, *story([adjudication(programme="child-care")]).messages)
    assert [one.format for one in said] == ["advice"]
    row = await context.pool.fetchrow("select content_835, content_csv, content_sha256 from remittances")
    assert row[0] is None
    assert hashlib.sha256(row[1]).digest() == row[2] == bytes.fromhex(said[0].content_sha256)


async def test_a_denial_waits_for_its_payer_to_be_on_file(context: Context) -> None:
    assert await tell(context, denial(adjudication(paid=0))) == []
    await post_waiting(context)
    await on_file(context)
    await post_waiting(context)
    await post_waiting(context)
    assert await context.pool.fetchval("select count(*) from remittances") == 1
    assert await context.pool.fetchval("select state from notices") == "posted"


async def test_a_value_that_x12_cannot_carry_is_a_mismatch_and_not_a_damaged_file(context: Context) -> None:
    await on_file(context)
    bad = adjudication(subject=Subject(member_id=Sensitive("M*1~"), last_name=Sensitive("Doe")))
    said = await tell(context, *story([bad]).messages, denial(adjudication()))
    assert [(type(one), one.what) for one in said] == [
        (MismatchFound, "encoding"),
        (MismatchFound, "balance"),
    ]


async def test_a_slice_takes_as_many_statements_for_a_hundred_payments_as_for_one(
    context: Context, remittance_database: str
) -> None:
    await on_file(context)
    statements = 0

    def count(record: Any) -> None:
        nonlocal statements
        statements += 1

    async def listen(db: asyncpg.Connection) -> None:
        db.add_query_logger(count)

    async with asyncpg.create_pool(remittance_database, min_size=1, max_size=1, init=listen) as counting:
        counted = testing.context_for(service, counting, clock=context.clock, settings=context.settings)
        taken = []
        for payments in (1, 1, 100):  # the first run also asks for the types
            stories = [story([adjudication(), adjudication()]) for _ in range(payments)]
            statements = 0
            await tell(counted, *[one for told in stories for one in told.approvals])
            await tell(counted, *[one for told in stories for one in told.items])
            said = await tell(counted, *[one for told in stories for one in (told.sent, told.settled)])
            assert len(said) == payments
            taken.append(statements)
    assert taken[1] == taken[2]


async def test_bytes_lines_and_sums_are_served(context: Context) -> None:
    await on_file(context)
    paid, back = story([adjudication()]), story([adjudication(5000)])
    await tell(context, *paid.messages, *back.messages, back.returned, denial(adjudication(paid=0)))
    app = FastAPI()
    app.state.context = context
    for router in service.api:
        app.include_router(router)
    remittance_id = remittance_id_for_payment(paid.payment_id)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as http:
        content = (await http.get(f"/v1/remittances/{remittance_id}/835")).content
        made = read_transaction(content)
        assert (made.amount_cents, made.account_mask) == (9000, "XXXX6789")
        lines = (await http.get(f"/v1/remittances/{remittance_id}/csv")).text.splitlines()
        assert len(lines) == 2 and ",120.00,90.00,90.00,CO-45:30.00" in lines[1]
        assert len((await http.get("/v1/remittances.csv")).text.splitlines()) == 3
        listed = (await http.get("/v1/remittances", params={"live": "true"})).json()
        assert len(listed) == 2
        one = (
            await http.get("/v1/remittances", params={"request_id": str(paid.items[0].message.request_id)})
        ).json()
        assert [each["remittance_id"] for each in one] == [str(remittance_id)]
        assert (await http.get(f"/v1/remittances/{remittance_id}")).json() == one[0]
        assert (await http.get(f"/v1/remittances/{uuid4()}/835")).status_code == 404
        assert (await http.get("/v1/reconciliation")).json() == {
            "settled_cents": 14000, "returned_cents": 5000, "live_cents": 9000, "live_count": 2, "reversed_count": 1,
            "waiting_count": 0, "mismatch_count": 0, "agree": True,
        }  # fmt: skip


async def test_a_token_that_is_set_is_asked_for(context: Context) -> None:
    closed = RemittanceSettings(database_url="postgresql://unused", api_token="secret")
    app = FastAPI()
    app.state.context = testing.context_for(service, context.pool, settings=closed)
    for router in service.api:
        app.include_router(router)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as http:
        assert (await http.get("/v1/remittances")).status_code == 401
        assert (
            await http.get("/v1/remittances", headers={"Authorization": "Bearer other"})
        ).status_code == 401
        assert (
            await http.get("/v1/remittances", headers={"Authorization": "Bearer secret"})
        ).status_code == 200


def test_a_live_stack_without_a_token_does_not_start() -> None:
    with pytest.raises(ValueError, match="API_TOKEN must be set"):
        RemittanceSettings(database_url="postgresql://unused", stack_mode="live")


async def test_money_settled_and_not_explained_is_paged_until_it_is(context: Context) -> None:
    told = story([adjudication()])
    await tell(context, *told.messages)
    await page(context)
    assert context.alarms.names() == set()
    await context.pool.execute("update payments set settled_at = settled_at - interval '2 minutes'")
    await page(context)
    assert context.alarms.names() == {"settled_without_remittance"}
    await on_file(context)
    await post_waiting(context)
    await page(context)
    assert context.alarms.names() == set()


async def test_what_does_not_agree_is_paged(context: Context) -> None:
    await on_file(context)
    await tell(
        context, *story([adjudication()], settled={"amount_cents": 1}).messages, denial(adjudication())
    )
    await page(context)
    assert context.alarms.names() == {"remittance_mismatch"}
    assert len(context.alarms.raised) == 2


async def test_what_is_gone_stays_gone_whatever_the_bank_says_later(context: Context) -> None:
    await on_file(context)
    told = story([adjudication()])
    refused = PaymentRefused(payment_id=told.payment_id, batch_id=uuid4(), reason=Reason.REFUSED_BY_BANK)
    bank = (testing.heard(refused, topic="payments"), told.settled, told.returned)
    for message in (told.sent, *bank, bank[0], *told.approvals, *told.items):
        assert await tell(context, message) == []


async def test_two_replicas_that_look_at_once_post_once(context: Context) -> None:
    for _ in range(10):
        await context.pool.execute("truncate payers, remittances, notices, remittance_claims")
        told = story([adjudication()])
        await tell(context, *told.messages, denial(adjudication(paid=0)))
        await context.pool.execute("truncate chassis.entity_versions")
        await on_file(context)
        await asyncio.gather(post_waiting(context), post_waiting(context), post_waiting(context))
        assert await context.pool.fetchval("select count(*) from remittances") == 2
