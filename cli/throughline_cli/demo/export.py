"""What the demo leaves behind: bank files, 835s, CSVs of payments and lines, the audit proof."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from throughline.money import decimal_of
from throughline_cli.demo.place import Place
from throughline_cli.demo.story import Story


def export_bank_files(place: Place) -> int:
    """Copies what the bank collected and what it answered."""
    count = 0
    for folder in ("collected", "outbox"):
        target = place.out / "bank" / folder
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for path in (place.bank / folder).glob("[!.]*"):
            shutil.copy2(path, target)
            count += 1
    return count


def export_remittances(place: Place, story: Story, client: httpx.Client) -> int:
    """Every remittance as its 835, and the lines of each as CSV."""
    folder = place.out / "remittances"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    base = place.url("remittance")
    for posted in story.posted.values():
        suffix = "835" if posted.format == "835" else "csv"
        answer = client.get(f"{base}/v1/remittances/{posted.remittance_id}/{suffix}")
        answer.raise_for_status()
        (folder / f"{posted.remittance_id}.{suffix}").write_bytes(answer.content)
    return len(story.posted)


def export_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def export_payments(out: Path, story: Story) -> None:
    header = (
        "payment_id", "payer", "payee", "amount", "claims", "trace_number", "ach_trace", "effective_date", "settled_on",
        "returned", "remittance_id",
    )  # fmt: skip
    remittance = {one.payment_id: one.remittance_id for one in story.posted.values() if one.payment_id}
    rows = []
    for payment in sorted(story.sent.values(), key=lambda one: one.ach_trace):
        settled, returned = story.settled.get(payment.payment_id), story.returned.get(payment.payment_id)
        rows.append(
            (
                payment.payment_id,
                payment.payer,
                payment.payee_name,
                decimal_of(payment.amount_cents),
                payment.item_count,
                payment.trace_number,
                payment.ach_trace,
                payment.effective_date,
                settled[0].settled_on if settled else "",
                returned[0].return_code if returned else "",
                remittance.get(payment.payment_id, ""),
            )
        )
    export_csv(out / "payments.csv", header, rows)


def export_lines(out: Path, story: Story) -> None:
    """Every line of every approved or denied request, and why it is paid as it is."""
    header = (
        "request_id", "version", "number", "state", "line_id", "from_date", "code", "charge", "allowed", "paid",
        "adjustments", "payment_id",
    )  # fmt: skip
    rows = []
    for key, approval in sorted(story.approved().items()):
        state = story.states[key]
        for line in approval.adjudication.lines:
            why = " ".join(
                f"{one.group}-{one.carc}:{decimal_of(one.amount_cents)}" for one in line.adjustments
            )
            rows.append(
                (
                    key[0],
                    key[1],
                    approval.adjudication.number,
                    state.label,
                    line.line_id,
                    line.from_date,
                    line.code,
                    decimal_of(line.charge_cents),
                    decimal_of(line.allowed_cents),
                    decimal_of(line.paid_cents),
                    why,
                    state.payment_id or "",
                )
            )
    export_csv(out / "lines.csv", header, rows)


def export_requests(out: Path, story: Story) -> None:
    """Every version of every request: where it stands and why."""
    rows = []
    for key, state in sorted(story.states.items()):
        received = story.received.get(key)
        number, partner, channel = ("", "", "")
        if received is not None:
            number, partner, channel = received.request.number, received.partner, received.channel
        paid = decimal_of(story.version_paid_cents(key))
        rows.append(
            (key[0], key[1], partner, number, channel, state.label, " ".join(story.reasons(key)), paid)
        )
    export_csv(
        out / "requests.csv",
        ("request_id", "version", "partner", "number", "channel", "state", "reasons", "paid"),
        rows,
    )


def export_proof(place: Place, client: httpx.Client, topic: str, partition: int, offset: int) -> Path:
    """The inclusion proof of one record with the newest root; check it with `python -m audit.proof check`."""
    base = place.url("audit")
    root = client.get(f"{base}/v1/root").raise_for_status().json()
    (place.out / "audit-root.json").write_text(json.dumps(root, indent=1))
    checkpoint = client.get(f"{base}/v1/checkpoint").raise_for_status().text
    (place.out / "audit-checkpoint.txt").write_text(checkpoint)
    proof = client.get(f"{base}/v1/proofs/{topic}/{partition}/{offset}", params={"size": root["size"]})
    path = place.out / "audit-proof.json"
    path.write_text(json.dumps(proof.raise_for_status().json(), indent=1))
    return path


def audit_report(place: Place, client: httpx.Client) -> dict[str, Any]:
    """What audit's own verification finds: the tree, every root, no topic and no offset missing."""
    report: dict[str, Any] = {}
    with client.stream("POST", f"{place.url('audit')}/v1/verify", timeout=600) as answer:
        answer.raise_for_status()
        for line in answer.iter_lines():
            told = json.loads(line)
            report = told.get("report", report)
    (place.out / "audit-report.json").write_text(json.dumps(report, indent=1))
    return report


def first_payment_record(story: Story) -> UUID | None:
    return next(iter(story.sent), None)
