"""Holds a history against what must be true of every one, and against the outcome of the undisturbed run."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.storm.history import History, Place, Remittance
from tests.storm.outcome import Outcome, where_sent
from throughline.answers import RequestAnswered
from throughline.decisions import SubmissionApproved
from throughline.flow import INTAKE, Kind, topic_named
from throughline.items import ItemScheduled
from throughline.payments import BatchClosed, PaymentReturned, PaymentSent, PaymentSettled

SECTIONS = {
    "answers": "every line, call and claim got the undisturbed run's answer",
    "versions": "every version stands where it stood, to the cent",
    "payments": "every payment pays the same items to the same payee, and ended the same",
    "batches": "every window closed once, with the same content",
    "remittances": "every remittance explains the same",
    "said": "every event was said as often as in the undisturbed run",
}


@dataclass
class Finding:
    """One thing that must hold, what of it was looked at, and what does not hold, by id."""

    name: str
    looked_at: int = 0
    objections: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return not self.objections and self.looked_at > 0

    def must(self, condition: bool, objection: str) -> None:
        self.looked_at += 1
        if not condition:
            self.objections.append(objection)


def check(history: History) -> list[Finding]:
    """What must hold of one run alone."""
    return [
        readable(history),
        answered_once(history),
        sequences_dense(history),
        collected_once(history),
        cents_agree(history),
        audit_holds(history),
    ]


def compare(outcome: Outcome, undisturbed: Outcome) -> list[Finding]:
    """Ids, states and cents of two runs of the same input."""
    findings = []
    for section, name in SECTIONS.items():
        finding = Finding(name)
        ours, theirs = outcome[section], undisturbed[section]
        for key in sorted(ours.keys() | theirs.keys()):
            mine, other = ours.get(key, "nothing"), theirs.get(key, "nothing")
            finding.must(mine == other, f"{key}: {_difference(mine, other)}")
        findings.append(finding)
    return findings


def _difference(mine: object, other: object) -> str:
    if isinstance(mine, dict) and isinstance(other, dict):
        names = [name for name in sorted(mine.keys() | other.keys()) if mine.get(name) != other.get(name)]
        return "; ".join(f"{name} {mine.get(name)}, undisturbed {other.get(name)}" for name in names)[:600]
    return f"{mine}, undisturbed {other}"[:600]


def readable(history: History) -> Finding:
    """Whatever our services said is what its headers say."""
    finding = Finding("every event can be read")
    for record in history.records:
        entry = topic_named(record.topic)
        if entry is not None and entry.kind is Kind.EVENTS:
            finding.must(record.message is not None, f"{_at(record.place)} cannot be read")
    return finding


def answered_once(history: History) -> Finding:
    """Every record of a partner's topic, every call and every claim has exactly one first answer."""
    finding = Finding("everything heard has exactly one first answer")
    firsts: Counter[Place] = Counter()
    by_sent: Counter[str] = Counter()
    of_receipt: Counter[tuple[str, int]] = Counter()
    for record, _, message in history.said():
        if not isinstance(message, RequestAnswered) or not message.first:
            continue
        if message.coordinates is not None:
            at = message.coordinates
            firsts[at.topic, at.partition, at.offset] += 1
        elif message.receipt is not None:
            of_receipt[str(message.receipt.receipt_id), message.receipt.position] += 1
        where = where_sent(history, message)
        finding.must(where is not None, f"{_at(record.place)} answers nothing that was sent")
        if where is not None:
            by_sent[where[0]] += 1
    heard = {record.place for record in history.records if topic_named(record.topic) is INTAKE}
    for place in sorted(heard | firsts.keys()):
        finding.must(firsts[place] == 1, f"{_at(place)} has {firsts[place]} first answers")
        finding.must(place in heard, f"{_at(place)} was answered and is not in the log")
    for place in sorted(history.sent.keys() - heard):
        finding.must(False, f"{_at(place)} was acknowledged to its sender and is not in the log")
    for (receipt, position), count in sorted(of_receipt.items()):
        finding.must(count == 1, f"receipt {receipt} position {position} has {count} first answers")
    answered = {receipt for receipt, _ in of_receipt}
    for receipt_id, (name, line) in history.receipts.items():
        # A file that is refused whole has no claims to answer, in either run; the comparison counts them.
        if line is not None:
            finding.must(str(receipt_id) in answered, f"{name} line {line} was never answered")
    return finding


def sequences_dense(history: History) -> Finding:
    """In each partition of events the numbers 1 to n, each one event; sent again, it is the same bytes."""
    finding = Finding("every sequence is dense from 1")
    said: dict[tuple[str, int], dict[int, tuple[object, str]]] = defaultdict(dict)
    for record in history.records:
        entry = topic_named(record.topic)
        if entry is None or entry.kind is not Kind.EVENTS or record.envelope is None:
            continue
        number = record.envelope.sequence
        if number is None:
            finding.must(False, f"{_at(record.place)} has no sequence")
            continue
        numbers = said[record.topic, record.partition]
        what = (record.envelope.id, record.digest)
        finding.must(
            numbers.setdefault(number, what) == what,
            f"{_at(record.place)} repeats sequence {number} with another event",
        )
    for (topic, partition), numbers in sorted(said.items()):
        missing = sorted(set(range(1, max(numbers) + 1)) - numbers.keys())
        finding.must(
            not missing and min(numbers) == 1,
            f"{topic}/{partition}: {len(missing)} numbers were never said, first {missing[:5]}",
        )
    return finding


def collected_once(history: History) -> Finding:
    """The bank took no file and no entry twice, and no two entries for one payment or one item."""
    finding = Finding("the bank collected no entry twice")
    for digest, count in Counter(history.collected.values()).items():
        names = [name for name, one in history.collected.items() if one == digest]
        finding.must(count == 1, f"the same file was collected as {', '.join(names)}")
    for trace, count in Counter(entry.trace for entry in history.entries).items():
        finding.must(count == 1, f"trace {trace} was collected {count} times")
    for trn, count in Counter(entry.trace_number for entry in history.entries).items():
        finding.must(count == 1, f"trace number {trn} was collected {count} times")
    for file, reason in history.refused_files.items():
        finding.must(not reason.startswith("duplicate"), f"the bank refused {file}: {reason}")
    gone = {message.payment_id for _, _, message in history.said() if isinstance(message, PaymentReturned)}
    live: Counter[tuple[object, int]] = Counter()
    for _, _, message in history.said():
        if isinstance(message, ItemScheduled) and message.payment_id not in gone:
            live[message.request_id, message.version] += 1
    for (request_id, version), count in live.items():
        finding.must(count == 1, f"{request_id} version {version} is in {count} live payments")
    return finding


def cents_agree(history: History) -> Finding:
    """Approved = scheduled = payments = batches = bank entries; settled = 835s; each payment its own entry and 835."""
    finding = Finding("approved = batched = bank entries = 835s")
    approved: dict[object, int] = {}
    items: dict[object, list[ItemScheduled]] = defaultdict(list)
    payments: dict[object, PaymentSent] = {}
    settled: dict[object, int] = {}
    batches: dict[object, int] = {}
    for _, envelope, message in history.said():
        match message:
            case SubmissionApproved():
                approved[envelope.id] = message.adjudication.paid_cents
            case ItemScheduled():
                items[message.payment_id].append(message)
            case PaymentSent():
                payments[message.payment_id] = message
            case PaymentSettled():
                settled[message.payment_id] = message.amount_cents
            case BatchClosed():
                batches[message.batch_id] = message.total_cents
            case _:
                pass
    entries = {entry.trace: entry for entry in history.entries}
    explained: dict[str, list[Remittance]] = defaultdict(list)
    for one in history.remittances:
        finding.must(
            one.amount_cents == one.claims_cents,
            f"{one.file} pays {one.amount_cents} and its claims {one.claims_cents}",
        )
        if one.amount_cents:
            explained[one.trace_number].append(one)
    for payment_id, payment in payments.items():
        lines = items[payment_id]
        for item in lines:
            finding.must(
                approved.get(item.decision_id) == item.amount_cents,
                f"{item.request_id} version {item.version}: approved {approved.get(item.decision_id)}, "
                f"scheduled {item.amount_cents}",
            )
        total = sum(item.amount_cents for item in lines)
        finding.must(
            total == payment.amount_cents, f"{payment_id}: items {total}, sent {payment.amount_cents}"
        )
        entry = entries.get(payment.ach_trace)
        finding.must(
            entry is not None
            and (entry.amount_cents, entry.trace_number) == (payment.amount_cents, payment.trace_number)
            and entry.effective == f"{payment.effective_date:%y%m%d}",
            f"{payment_id}: sent {payment.amount_cents}, the bank's entry is {entry}",
        )
        told = explained.pop(payment.trace_number, [])
        wanted = [payment.amount_cents] if payment_id in settled else []
        finding.must(
            [one.amount_cents for one in told] == wanted,
            f"{payment_id}: settled {wanted}, its 835s say {[one.amount_cents for one in told]}",
        )
        finding.must(
            settled.get(payment_id, payment.amount_cents) == payment.amount_cents,
            f"{payment_id}: sent {payment.amount_cents}, settled {settled.get(payment_id)}",
        )
    for trace_number in explained:
        finding.must(False, f"an 835 explains {trace_number}, which was never sent")
    for payment_id in items.keys() - payments.keys():
        finding.must(False, f"{payment_id} has items and was never sent")
    sums = (
        sum(payment.amount_cents for payment in payments.values()),
        sum(batches.values()),
        sum(entry.amount_cents for entry in history.entries),
    )
    finding.must(len(set(sums)) == 1, f"payments, batches and bank entries sum to {sums}")
    return finding


def audit_holds(history: History) -> Finding:
    """Audit's own verification found nothing, and it holds every record that stands in the topics."""
    finding = Finding("audit verifies, and holds every record")
    finding.must(bool(history.audit.get("holds")), f"audit found {history.audit.get('findings')}")
    size, records = history.audit.get("size"), len(history.records)
    finding.must(size == records, f"audit holds {size} records, the topics {records}")
    return finding


def _at(place: Place) -> str:
    return f"{place[0]}/{place[1]}@{place[2]}"
