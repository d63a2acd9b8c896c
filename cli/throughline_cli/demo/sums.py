"""The sums that must agree, and the invariants that can be seen from outside (docs/invariants.md)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from throughline.flow import Kind, topic_named
from throughline.lifecycle import ENDED, State, Substatus
from throughline.money import for_people
from throughline_cli.demo.bank_files import BankWord, Entry
from throughline_cli.demo.remittance_files import Remittance
from throughline_cli.demo.story import Story
from throughline_cli.demo.verdicts import Verdict
from throughline_cli.witness import Record


@dataclass
class Sum:
    """One amount, seen from several sides."""

    name: str
    sides: dict[str, int] = field(default_factory=dict)
    """Cents by who says so."""

    @property
    def agrees(self) -> bool:
        return len(set(self.sides.values())) == 1


@dataclass
class Evidence:
    """Everything that the checker may look at: topics, the bank's directories, the 835s."""

    story: Story
    records: Sequence[Record]
    entries: list[Entry]
    bank: BankWord
    remittances: list[Remittance]


def sums(evidence: Evidence) -> list[Sum]:
    """Approved = batched = bank entries; settled = its 835s; paid = what is live of them."""
    story = evidence.story
    approved = story.approved()
    scheduled = {(item.request_id, item.version) for items in story.items.values() for item in items}
    by_trace = {entry.trace: entry.amount_cents for entry in evidence.entries}
    paying = [one for one in evidence.remittances if one.amount_cents > 0]
    reversed_ids = {one.remittance_id for one in story.reversed.values()}
    settled = [one[0].amount_cents for one in story.settled.values()]
    live_posted = [
        one.amount_cents
        for one in story.posted.values()
        if one.payment_id and one.remittance_id not in reversed_ids
    ]
    live_settled = [
        one[0].amount_cents for payment, one in story.settled.items() if payment not in story.returned
    ]
    return [
        Sum(
            "Sent to the bank",
            {
                "approved and scheduled": sum(approved[key].adjudication.paid_cents for key in scheduled),
                "items of payments": sum(
                    item.amount_cents for items in story.items.values() for item in items
                ),
                "payments": sum(one.amount_cents for one in story.sent.values()),
                "batches": sum(batch.total_cents for batch in story.batches),
                "entries of the bank files": sum(entry.amount_cents for entry in evidence.entries),
                "entries, each trace once": sum(by_trace.values()),
            },
        ),
        Sum(
            "Settled by the bank",
            {
                "bank statements": sum(evidence.bank.settled.values()),
                "payments settled": sum(settled),
            },
        ),
        Sum(
            "Paid and explained",
            {
                "requests that are paid": sum(story.version_paid_cents(key) for key in story.states),
                "settled and not returned": sum(live_settled),
                "live remittances": sum(live_posted),
                "their 835s": sum(one.amount_cents for one in _live(paying, story)),
            },
        ),
    ]


def _live(remittances: Iterable[Remittance], story: Story) -> list[Remittance]:
    gone = {story.sent[payment].trace_number for payment in story.returned if payment in story.sent}
    return [one for one in remittances if one.trace_number not in gone]


def sums_verdict(found: Sequence[Sum]) -> Verdict:
    verdict = Verdict("the sums agree to the cent")
    for one in found:
        told = ", ".join(f"{side} {for_people(cents)}" for side, cents in one.sides.items())
        verdict.must(one.agrees, f"{one.name}: {told}")
    return verdict


def nothing_lost(story: Story) -> Verdict:
    """I1: accepted = paid + denied + withdrawn + held + in flight, by id."""
    verdict = Verdict("I1 nothing accepted is lost")
    accepted = {
        (answer.request_id, answer.version)
        for answers in story.answers.values()
        for answer in answers
        if answer.outcome == "accepted" and answer.version is not None
    }
    for key in accepted:
        known = key[0] is not None and (key[0], key[1]) in story.states
        verdict.must(known, f"{key[0]} version {key[1]} was accepted and then not heard of")
    for key in story.received:
        verdict.must(key in accepted, f"{key[0]} version {key[1]} goes on without an accepting answer")
    return verdict


def one_live_entry(evidence: Evidence) -> Verdict:
    """I2: at most one live bank entry for a request version, and one version paid of a request."""
    story = evidence.story
    verdict = Verdict("I2 at most one live bank entry for each request version")
    traces = Counter(entry.trace for entry in evidence.entries)
    for trace, count in traces.items():
        verdict.must(count == 1, f"trace {trace} stands in the bank files {count} times")
    live: dict[tuple[UUID, int], set[UUID]] = defaultdict(set)
    for payment, items in story.items.items():
        if payment in story.returned or payment in story.refused:
            continue
        for item in items:
            live[item.request_id, item.version].add(payment)
    for key, payments in live.items():
        verdict.must(len(payments) == 1, f"{key[0]} version {key[1]} is in {len(payments)} live payments")
    versions = Counter(request for request, _ in live)
    for request, count in versions.items():
        verdict.must(count == 1, f"{request} is paid in {count} versions")
    return verdict


def one_payment_one_entry_one_835(evidence: Evidence) -> Verdict:
    """I5: same trace number, amount and date."""
    story = evidence.story
    verdict = Verdict("I5 one payment = one bank entry = one 835")
    entries = {entry.trace: entry for entry in evidence.entries}
    remittances = defaultdict(list)
    for one in evidence.remittances:
        if one.amount_cents > 0:
            remittances[one.trace_number].append(one)
    for payment in story.sent.values():
        entry = entries.get(payment.ach_trace)
        if entry is None:
            verdict.must(False, f"payment {payment.payment_id} has no bank entry")
            continue
        same = entry.amount_cents == payment.amount_cents and entry.trace_number in ("", payment.trace_number)
        verdict.must(
            same, f"payment {payment.payment_id} and its bank entry differ in amount or trace number"
        )
        verdict.must(
            entry.effective == f"{payment.effective_date:%y%m%d}",
            f"payment {payment.payment_id}: another date in the file",
        )
        of_it = remittances.get(payment.trace_number, [])
        if payment.payment_id in story.settled:
            verdict.must(len(of_it) == 1, f"payment {payment.payment_id} settled and has {len(of_it)} 835s")
        for one in of_it:
            agrees = (
                one.amount_cents == payment.amount_cents and one.date == f"{payment.effective_date:%Y%m%d}"
            )
            verdict.must(agrees, f"payment {payment.payment_id} and its 835 differ in amount or date")
    verdict.must(
        len(entries) == len(story.sent), f"{len(entries)} bank entries for {len(story.sent)} payments"
    )
    for one in evidence.remittances:
        for imbalance in one.imbalances():
            verdict.differs(imbalance)
    return verdict


def money_is_conserved(evidence: Evidence) -> Verdict:
    """I3, by id: what was approved is paid, held, on its way, returned, refused, or was stopped; and nothing else."""
    story = evidence.story
    verdict = Verdict("I3 money is conserved: every approved cent is accounted for")
    for key, approval in story.approved().items():
        state, cents = story.states[key], approval.adjudication.paid_cents
        if state.state is State.PAID and cents:
            verdict.must(
                story.version_paid_cents(key) == cents,
                f"{key[0]} version {key[1]}: approved {cents} cents, paid otherwise",
            )
        elif state.substatus in ENDED or not cents:
            verdict.must(not story.version_paid_cents(key), f"{key[0]} version {key[1]} ended and is paid")
    for what in story.mismatches:
        verdict.differs(f"a mismatch of {what.what} was found for {what.payment_id or what.request_id}")
    return verdict


def versions_rise(records: Iterable[Record]) -> Verdict:
    """I6: per key, versions only rise."""
    verdict = Verdict("I6 versions of a request only rise")
    last: dict[str, int] = {}
    for record in records:
        version = getattr(record.message, "version", None)
        if (
            record.topic == "submissions"
            and type(record.message).__name__ == "SubmissionReceived"
            and version
        ):
            verdict.must(
                version == last.get(record.key, 0) + 1, f"{record.key}: version {version} came after {last}"
            )
            last[record.key] = version
    return verdict


def sequences_are_dense(records: Iterable[Record], ends: dict[tuple[str, int], int]) -> Verdict:
    """Every number up to the highest was said in each partition, in whatever order it arrived; every offset was heard.

    The hearer holds the order: a record may come before its predecessor, and twice after a crash.
    """
    verdict = Verdict("I7 every offset was heard, every sequence is dense")
    numbers: dict[tuple[str, int], set[int]] = defaultdict(set)
    heard: Counter[tuple[str, int]] = Counter()
    for record in records:
        at = (record.topic, record.partition)
        heard[at] += 1
        entry = topic_named(record.topic)
        if entry is None or entry.kind is not Kind.EVENTS or record.envelope is None:
            continue
        if record.envelope.sequence is None:
            verdict.differs(f"{record.topic}/{record.partition}@{record.offset} has no sequence")
        else:
            numbers[at].add(record.envelope.sequence)
    for at, said in numbers.items():
        missing = max(said) - min(said) + 1 - len(said)
        verdict.must(not missing, f"{at[0]}/{at[1]}: {missing} numbers up to {max(said)} were never said")
    for at, end in ends.items():
        verdict.must(heard[at] == end, f"{at[0]}/{at[1]}: {heard[at]} of {end} records heard")
    return verdict


def statuses_are_known(story: Story) -> Verdict:
    """Records of our own services are what their headers say, and every state is one that people know."""
    verdict = Verdict("every event can be read and fits a transition")
    for record in story.unreadable:
        verdict.differs(f"{record.topic}/{record.partition}@{record.offset} cannot be read")
    for key, state in story.states.items():
        verdict.must(state.state is not None, f"{key[0]} version {key[1]} has no state")
        verdict.must(
            state.substatus is not Substatus.MISMATCH,
            f"{key[0]} version {key[1]} does not agree with its 835",
        )
    return verdict
