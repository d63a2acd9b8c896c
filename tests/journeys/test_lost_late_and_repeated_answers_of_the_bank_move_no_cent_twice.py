"""The bank states twice, returns twice, answers late or never, or refuses: each word counts once."""

from __future__ import annotations

from datetime import time
from uuid import UUID

from tests.whole_line import WholeLine

from throughline.flow import ORDERS
from throughline.items import ItemHeld
from throughline.orders import ReleaseItem
from throughline.payments import BatchRefused, PaymentRefused, PaymentReturned, PaymentSent, PaymentSettled
from throughline.remittances import RemittancePosted

ODD = ("late", "lost", "stated twice", "returned twice", "refused entry")


def payment_of(line: WholeLine, role: str) -> UUID:
    return line.until_said(PaymentSent, payee_id=line.world.one(role).record.payee_id).payment_id


def test_each_word_of_the_bank_counts_once(line: WholeLine) -> None:
    findings = line.http.get("payout", "/v1/findings")
    requests = {role: line.submit(line.bill(line.world.one(role))) for role in ODD}
    for request in requests.values():
        line.until_state(request, "Approved")
    batch = line.pass_the_cutoff()
    line.until_said(PaymentRefused, payment_id=payment_of(line, "refused entry"))
    held = line.until_said(ItemHeld, request_id=requests["refused entry"])
    assert held.reason == "refused_by_bank"
    line.until_state(requests["refused entry"], "Exception (on hold)")

    line.pass_the_settlement(batch)
    line.until_state(requests["stated twice"], "Paid")
    line.until_state(requests["returned twice"], "Paid")
    line.pass_banking_days(1, time(8, 0))
    line.until_state(requests["returned twice"], "Exception (returned)")
    line.rest()
    assert line.state(requests["late"]) == line.state(requests["lost"]) == "Payout scheduled"

    line.pass_banking_days(2, time(18, 30))
    line.until_state(requests["late"], "Paid")
    line.rest()
    assert line.state(requests["lost"]) == "Payout scheduled", "silence is no answer"
    for role, settled, returned in (
        ("late", 1, 0), ("lost", 0, 0), ("stated twice", 1, 0), ("returned twice", 1, 1), ("refused entry", 0, 0),
    ):  # fmt: skip
        payment = payment_of(line, role)
        assert len(line.said(PaymentSettled, payment_id=payment)) == settled, role
        assert len(line.said(PaymentReturned, payment_id=payment)) == returned, role
        assert len(line.said(RemittancePosted, payment_id=payment)) == settled, role
        assert len(line.entries(line.world.one(role).account or "")) == 1, role
    assert line.http.get("payout", "/v1/findings") == findings, "an answer said twice is no contradiction"


def test_a_refused_file_pays_nobody_and_its_items_leave_when_released(line: WholeLine) -> None:
    bad, good = line.world.one("refused file"), line.new_payee()
    theirs, ours = line.submit(line.bill(bad)), line.submit(line.bill(good))
    line.until_state(theirs, "Approved")
    line.until_state(ours, "Approved")
    batch = line.pass_the_cutoff()
    line.until_said(BatchRefused, batch_id=batch.batch_id)
    for request in (theirs, ours):
        line.until_said(ItemHeld, request_id=request)  # the refusal of its payment is said first
        line.until_state(request, "Exception (on hold)")

    order = ReleaseItem(
        request_id=ours, version=1, note="The bank took the other's entry out.", actor="O. Perator"
    )
    line.speaker.say(ORDERS.name, order, str(ours))
    line.until_state(ours, "Approved")
    line.pass_the_settlement(line.pass_the_cutoff())
    line.until_state(ours, "Paid")
    line.rest()
    assert line.state(theirs) == "Exception (on hold)"
    settled = [one for one in line.said(PaymentSettled) if one.payment_id == payment_to(line, ours)]
    assert len(settled) == 1


def payment_to(line: WholeLine, request: UUID) -> UUID | None:
    return line.story().states[request, 1].payment_id
