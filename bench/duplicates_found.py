"""What of all that is billed twice is found: precision and recall by class. `python -m bench.duplicates_found`.

Each request is judged as the service judges it, by its bill keys and beside its candidates, in memory; what is not
stopped claims its bill. The labels come from ``examples/labelled_duplicates``, which knows nothing of the service.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from labelled_duplicates.bill import Bill
from labelled_duplicates.generate import REQUESTS, generate

from throughline.identifiers import claim_number_for, payee_id_for, request_id_for
from throughline.submissions import SubmissionReceived
from validation.duplicates import BillClaims, bill_keys
from validation.near_duplicates.keys import near_keys
from validation.near_duplicates.past import Past
from validation.near_duplicates.rules import load_duplicate_rules
from validation.near_duplicates.verdict import judge

Found = Literal["exact", "near", "suspect", "near_miss", "nothing"]
STOPPED = frozenset({"exact", "near", "suspect"})
"""Paid by nobody before a person has looked."""


def submission(bill: Bill) -> SubmissionReceived:
    """As intake would say it."""
    request = bill.request()
    original = request_id_for(bill.partner, "npi", bill.payee.npi, bill.number)
    if bill.frequency != "1":
        request = request.model_copy(update={"payer_claim_number": claim_number_for(original)})
    return SubmissionReceived(
        request_id=original,
        version=bill.version,
        partner=bill.partner,
        channel=bill.channel,  # type: ignore[arg-type]
        received_on=bill.received_on,
        payee_id=payee_id_for("npi", bill.payee.npi),
        payer_claim_number=claim_number_for(original),
        request=request,
    )


def judged(bills: Sequence[Bill]) -> Iterator[tuple[Bill, Found]]:
    """What becomes of each, in the order in which they are sent."""
    rules = load_duplicate_rules()
    claims, past = BillClaims({}), Past(rules)
    for bill in bills:
        if bill.frequency == "8":
            yield bill, "nothing"
            continue
        sent = submission(bill)
        keys, near = bill_keys(sent), near_keys(sent)
        verdict = judge(sent, past.candidates(sent, near), rules.in_force_on(near.first_day))
        if claims.other_owner(keys, sent.request_id, verdict.other_bills) is not None:
            yield bill, "exact"
            continue
        if verdict.likest is not None:
            yield bill, verdict.likest.kind
            if verdict.likest.kind == "near":
                continue
        else:
            yield bill, "near_miss" if verdict.near_misses else "nothing"
        claims.take(keys, sent.request_id)
        past.add(sent, near)


@dataclass(frozen=True)
class Ratio:
    hits: int
    of: int

    @property
    def share(self) -> float:
        return 1.0 if self.of == 0 else self.hits / self.of

    def show(self) -> str:
        return f"{self.share:.3f} ({self.hits}/{self.of})"


@dataclass(frozen=True)
class Quality:
    """``recall`` of a label counts what was found as that or as something stronger; ``looked_at``, what was stopped or
    put before a person at all."""

    outcomes: dict[tuple[str, str], dict[Found, int]]

    def recall(self, label: str) -> Ratio:
        enough = {"exact": ("exact",), "near": ("exact", "near"), "suspect": ("exact", "near", "suspect")}[
            label
        ]
        return self._of([label], enough)

    def looked_at(self, *labels: str) -> Ratio:
        return self._of(labels, STOPPED)

    def precision(self, found: Found) -> Ratio:
        """Of what was found as this, what bills again what was billed."""
        of = [
            (label, counts.get(found, 0)) for (label, _), counts in self.outcomes.items() if label != "alike"
        ]
        return Ratio(sum(count for label, count in of if label != "new"), sum(count for _, count in of))

    def _of(self, labels: Iterable[str], enough: Iterable[str]) -> Ratio:
        wanted, counted = frozenset(enough), set(labels)
        some = [counts for (label, _), counts in self.outcomes.items() if label in counted]
        hits = sum(count for counts in some for found, count in counts.items() if found in wanted)
        return Ratio(hits, sum(sum(counts.values()) for counts in some))


def quality(bills: Sequence[Bill]) -> Quality:
    outcomes: dict[tuple[str, str], dict[Found, int]] = defaultdict(lambda: defaultdict(int))
    for bill, found in judged(bills):
        outcomes[bill.label, bill.case][found] += 1
    return Quality({where: dict(counts) for where, counts in outcomes.items()})


def report(bills: int, seconds: float, measured: Quality) -> str:
    """A table a person can read: every class, then the verdicts."""
    order = ("exact", "near", "suspect", "untellable", "alike", "new")
    rows = [
        f"{bills:,} requests, judged in memory in {seconds:.1f} s ({seconds / bills * 1e6:.0f} us each).",
        "",
        "| label | class | requests | exact | near | suspect | near miss | nothing |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (label, case), counts in sorted(
        measured.outcomes.items(), key=lambda one: (order.index(one[0][0]), one[0][1])
    ):
        cells = [counts.get(found, 0) for found in ("exact", "near", "suspect", "near_miss", "nothing")]
        rows.append(f"| {label} | {case} | {sum(cells)} | " + " | ".join(map(str, cells)) + " |")
    rows += ["", "| verdict | precision | recall |", "|---|---|---|"]
    for verdict in ("exact", "near", "suspect"):
        rows.append(
            f"| {verdict} | {measured.precision(verdict).show()} | {measured.recall(verdict).show()} |"
        )
    told, alike = measured.looked_at("untellable"), measured.looked_at("alike")
    rows += [
        "",
        f"Measured apart: billed again, and not to be told from new by what requests carry: {told.show()} put before a "
        f"person; new, and not to be told from a slip: {alike.show()} put before a person.",
    ]
    return "\n".join(rows)


def measure(seed: int = 7, requests: int = REQUESTS) -> str:
    bills = generate(seed, requests)
    start = time.process_time()
    measured = quality(bills)
    return report(len(bills), time.process_time() - start, measured)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.duplicates_found", description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--requests", type=int, default=REQUESTS)
    asked = parser.parse_args()
    print(measure(asked.seed, asked.requests))


if __name__ == "__main__":
    main()
