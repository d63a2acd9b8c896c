"""From a record on Kafka to an 835: one bank entry, one remittance, the same trace number, amount and date; proven."""

from __future__ import annotations

import json
import subprocess
import sys

import httpx
from tests.whole_line import WholeLine

from throughline.decisions import SubmissionApproved
from throughline.payments import PaymentSent, PaymentSettled
from throughline.remittances import RemittancePosted


def test_a_request_is_paid_once_and_explained(line: WholeLine) -> None:
    payee = line.new_payee()
    bill = line.bill(payee)
    request = line.submit(bill)
    line.until_state(request, "Approved")

    batch = line.pass_the_cutoff()
    sent = line.until_said(PaymentSent, payee_id=payee.record.payee_id)
    line.until_status(request, "Payout scheduled")
    line.pass_the_settlement(batch)
    line.until_said(PaymentSettled, payment_id=sent.payment_id)
    posted = line.until_said(RemittancePosted, payment_id=sent.payment_id)
    line.rest()

    (entry,) = line.entries(payee.account or "")
    remittance = line.remittance_835(posted.remittance_id)
    assert entry.amount_cents == remittance.amount_cents == sent.amount_cents == line.worth(bill)
    assert entry.trace_number == remittance.trace_number == sent.trace_number == posted.trace_number
    assert entry.effective == f"{sent.effective_date:%y%m%d}"
    assert remittance.date == f"{sent.effective_date:%Y%m%d}"
    assert remittance.imbalances() == []
    assert [claim.number for claim in remittance.claims] == [bill.number]
    assert len(line.said(PaymentSettled, payment_id=sent.payment_id)) == 1
    assert len(line.said(RemittancePosted, payment_id=sent.payment_id)) == 1

    line.until_status(request, "Paid", "version 1: Paid, explained by a remittance")
    told = line.command("explain", str(request))
    for event in (
        "SubmissionReceived",
        "SubmissionApproved",
        "ItemScheduled",
        "PaymentSettled",
        "RemittancePosted",
    ):
        assert event in told


def test_its_approval_is_proven_without_the_service(line: WholeLine) -> None:
    """The inclusion proof of an approval, checked by the file that anybody may copy."""
    audit = line.stack.http_url("audit")
    line.until_state(line.submit(line.bill(line.new_payee())), "Approved")
    approved = next(one for one in line.witness.records() if isinstance(one.message, SubmissionApproved))
    path = f"/v1/proofs/{approved.topic}/{approved.partition}/{approved.offset}"
    line.until(lambda: httpx.get(f"{audit}{path}", timeout=30).status_code == 200, "the record to be sealed")
    proof = httpx.get(f"{audit}{path}", params={"value": "true"}, timeout=30).json()
    size = proof["tree"]["size"]
    root = httpx.get(f"{audit}/v1/root", params={"size": size}, timeout=30).json()["root"]
    file = line.out / "proof.json"
    file.write_text(json.dumps(proof))
    assert _checks(file, root)
    wrong = f"{int(root[0], 16) ^ 1:x}{root[1:]}"
    assert not _checks(file, wrong), "the checker accepts any root"
    assert "Everything holds" in line.command("verify")


def _checks(file: object, root: str) -> bool:
    done = subprocess.run(
        [sys.executable, "-m", "audit.proof", "check", str(file), "--root", root],
        capture_output=True,
        check=False,
    )
    return done.returncode == 0
