"""What one decision costs, in CPU microseconds, part by part, and how many rules are asked in a second, by one core.

`python -m bench.validation_decision`.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from datetime import date, timedelta

from bench.duplicates_at_scale import submissions
from bench.line import load
from bench.measure import machine
from chassis import Say, testing
from chassis.topics import TopicMap
from throughline.decisions import SubmissionApproved
from throughline.reference import ModifierTerm, UnitLimit
from throughline.submissions import SubmissionReceived
from validation import adjudication
from validation.duplicates import BillClaims, bill_keys
from validation.history import Request, Version
from validation.near_duplicates.past import Past
from validation.near_duplicates.rules import load_duplicate_rules
from validation.on_submission_received import decide_submission
from validation.pricing import price
from validation.quote import quote
from validation.reference import Entity, Reference
from validation.rules.engine import evaluate
from validation.rules.facts import facts_of_claim, facts_of_line
from validation.rules.rule_set import load_catalogue
from validation.tallies import Tallies
from validation.testing import SERVICE_DAY, authorisation, contract, line, received, reference
from validation.work import DecisionWork

REQUESTS, ROUNDS, LINES = 1000, 10, 6
CODES = ("99213", "99214", "97110")
SINCE = date(2020, 1, 1)
REFERENCE = reference(contract(version=2, copay_cents=2_000, coinsurance_basis_points=1_000))
EVERYTHING = reference(
    contract(
        version=2,
        copay_cents=2_000,
        coinsurance_basis_points=1_000,
        modifiers=(
            ModifierTerm(modifier="50", effect="share", basis_points=15_000, effective_from=SINCE),
            ModifierTerm(modifier="51", effect="multiple", basis_points=5_000, effective_from=SINCE),
            ModifierTerm(modifier="59", effect="separate", effective_from=SINCE),
            ModifierTerm(modifier="80", effect="share", basis_points=1_600, effective_from=SINCE),
        ),
        unit_limits=(UnitLimit(code="97110", units_per_day=4, effective_from=SINCE),),
        deductible_cents=50_000,
        out_of_pocket_max_cents=200_000,
    ),
    authorisation(version=2, units=1_000),
)
"""A contract that says all it can of a price, and an authorisation that counts its units."""
CATALOGUE = load_catalogue()


NO_TALLIES = Tallies({})


def submission(number: int) -> SubmissionReceived:
    lines = tuple(
        line(
            line_id=str(at),
            code=CODES[at % 3],
            modifiers=() if at < 3 else ("59",),
            charge_cents=12_000 + number * 7 + at,
        )
        for at in range(LINES)
    )
    return received(f"N{number}", lines=lines, authorisation_number="AUTH1", diagnoses=("J069", "E119"))


def microseconds(work: Callable[[], object], times: int = 1000) -> float:
    """The best of several rounds, in CPU time, so that a busy machine disturbs least."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(times):
            work()
        best = min(best, time.process_time() - start)
    return best / times * 1e6


def whole_decision_us(submissions: list[SubmissionReceived], known: Reference) -> float:
    """As the service decides a slice once it is loaded, its keys worked out: all of it approved."""
    heard = [testing.heard(one, key=str(one.request_id), topic="submissions") for one in submissions]
    requests = {one.request_id: Request(one.request_id) for one in submissions}
    work = DecisionWork(requests, BillClaims({}), CATALOGUE, known, Past(load_duplicate_rules()))
    say = Say(TopicMap("validation"))
    for one in heard:
        version = work.arriving[one.envelope.id] = Version(one.message, one.recorded_at)
        assert version.bill_keys and version.near_keys
        version.terms = known.terms_for(one.message)
    start = time.process_time()
    for one in heard:
        say.hearing(one)
        decide_submission(one, work, say)
    spent = time.process_time() - start
    assert {type(one.message) for one in say.said} == {SubmissionApproved}
    return spent / len(submissions) * 1e6


def measure() -> str:
    gc.freeze()
    gc.set_threshold(500_000, 50, 50)
    one = submission(0)
    lines = one.request.lines
    terms, rules = REFERENCE.terms_for(one), CATALOGUE.in_force_on(SERVICE_DAY)
    claim_facts = facts_of_claim(one, terms, one.received_on)
    line_facts = [facts_of_line(one.request, each, terms) for each in lines]
    late = facts_of_claim(one, terms, one.received_on + timedelta(days=3_650))
    assert not evaluate(rules, claim_facts, line_facts) and evaluate(rules, late, line_facts)
    priced, counted = price(lines, terms), EVERYTHING.terms_for(one)
    assert priced is not None
    asked = len(rules.claim.rules) + LINES * len(rules.line.rules)
    """Rules that are to hold of the request: the claim's once, the lines' for each line."""
    parts: dict[str, tuple[Callable[[], object], int]] = {
        "look up the terms": (lambda: REFERENCE.terms_for(one), 0),
        "facts of the claim": (lambda: facts_of_claim(one, terms, one.received_on), 0),
        "facts of the lines": (lambda: [facts_of_line(one.request, each, terms) for each in lines], 0),
        "rules, all of them hold": (lambda: evaluate(rules, claim_facts, line_facts), asked),
        "rules, one of the claim is broken": (lambda: evaluate(rules, late, line_facts), asked),
        "price": (lambda: price(lines, terms), 0),
        "quote, nothing counted": (lambda: quote(one, terms, NO_TALLIES), 0),
        "quote, all of it": (lambda: quote(one, counted, NO_TALLIES), 0),
        "bill keys": (lambda: bill_keys(one), 0),
        "adjudication": (lambda: adjudication.priced(one, priced), 0),
    }
    found = [
        f"A request of {LINES} lines, CPU us, best of {ROUNDS} rounds; {len(rules.rules)} rules, "
        f"{len(rules.claim.rules)} of the claim and {len(rules.line.rules)} of each line: {asked} to hold of a "
        f"request. {machine()}",
        "",
        "| part | CPU us a request | requests/s | rules/s |",
        "|---|---|---|---|",
    ]
    found += [_row(name, microseconds(work), rate) for name, (work, rate) in parts.items()]
    known = Reference()
    known.take(each for _, each, _ in load.reference_data() if isinstance(each, Entity))
    whole = min(whole_decision_us(submissions(0, REQUESTS), known) for _ in range(ROUNDS))
    found.append(_row("decided and said: all but keys and terms, of the line's load", whole, asked))
    return "\n".join(found)


def _row(part: str, us: float, rules: int) -> str:
    rules_a_second = f"{rules * 1e6 / us:,.0f}" if rules else ""
    return f"| {part} | {us:.1f} | {1e6 / us:,.0f} | {rules_a_second} |"


def main() -> None:
    print(measure())


if __name__ == "__main__":
    main()
