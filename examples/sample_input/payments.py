"""What the bank and the payees' accounts make of a payment: returned, late, lost, refused, held."""

from __future__ import annotations

from sample_input.feed import FIRST, Channel
from sample_input.scenario import Scenario

RETURNS_AFTER_SETTLEMENT = ("R02", "R03", "R04", "R14", "R16", "R17", "R20", "R23")
RETURNS_BEFORE_SETTLEMENT = ("R01", "R12", "R13", "R15")


def magic_accounts() -> dict[str, str]:
    """Account numbers that choose the sandbox bank's answer (deploy/sandbox/README.md), by the role of their payee."""
    accounts = {f"after {code}": f"9901{code[1:]}{code[1:]}77" for code in RETURNS_AFTER_SETTLEMENT}
    accounts |= {f"before {code}": f"9902{code[1:]}{code[1:]}77" for code in RETURNS_BEFORE_SETTLEMENT}
    return accounts | {
        "late": "99030001",
        "lost": "99040001",
        "returned twice": "990503001",
        "stated twice": "990500001",
        "refused entry": "99060001",
    }


def returned(scenario: Scenario, claims_each: int) -> None:
    """Every return code: the money comes back, and the request waits for a mended account."""
    for code in RETURNS_AFTER_SETTLEMENT:
        _send_to(scenario, f"after {code}", claims_each, "Exception", "returned", reason=code)
    for code in RETURNS_BEFORE_SETTLEMENT:
        _send_to(scenario, f"before {code}", claims_each, "Exception", "returned", reason=code)
    _send_to(scenario, "returned twice", claims_each, "Exception", "returned", reason="R03")


def odd_settlements(scenario: Scenario, claims_each: int) -> None:
    """Settled late, stated twice: paid once. Lost: it stays scheduled. Refused by the bank: held."""
    for role in ("late", "stated twice"):
        _send_to(scenario, role, claims_each, "Paid", "")
    _send_to(scenario, "lost", claims_each, "Payout scheduled", "")
    _send_to(scenario, "refused entry", claims_each, "Exception", "on hold", reason="refused_by_bank")


def held(scenario: Scenario, claims_each: int) -> None:
    """No account, a name that no bank file holds; and an account that arrives before the cutoff."""
    _send_to(scenario, "no-account", claims_each, "Exception", "on hold", reason="no_account")
    _send_to(scenario, "long-name", claims_each, "Exception", "on hold", reason="name_not_encodable")
    _send_to(scenario, "late-account", claims_each, "Paid", "")


def one_big_payment(scenario: Scenario, claims: int) -> None:
    """Many claims of one payer and payee: one bank entry, one remittance."""
    provider = scenario.world.one("big")
    for turn in range(claims):
        channel: Channel = ("kafka", "837p", "csv")[turn % 3]
        scenario.send_paid(FIRST, scenario.maker.clean(provider, "BLUEHARBOR"), "one big payment", channel)


def _send_to(
    scenario: Scenario, role: str, claims: int, state: str, substatus: str, *, reason: str | None = None
) -> None:
    provider = scenario.world.one(role)
    for turn in range(claims):
        request = scenario.maker.clean(provider, "BLUEHARBOR" if turn % 2 else "STATEPLAN")
        channel: Channel = "837p" if turn % 2 else "kafka"
        made = scenario.send(FIRST, request, channel)
        paid = scenario.maker.paid(request) if state == "Paid" else 0
        scenario.feed.expect(
            made,
            1,
            f"payee {role}",
            state,
            substatus,
            reason=reason,
            paid_cents=paid,
            remitted=state == "Paid",
        )
