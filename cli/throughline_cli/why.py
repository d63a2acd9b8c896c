"""Why validation decided a request as it did, in plain words: rules, price, duplicates, and what it went by."""

from __future__ import annotations

from typing import Any

from rich.markup import escape
from rich.table import Table

from throughline.money import for_people
from throughline_cli.show import console, counted, say

_ASKED = {
    "broken": "broken",
    "data": "could not be judged: something it asks for is not known",
    "failed_to_run": "could not be run",
}


def show_why(told: dict[str, Any]) -> None:
    """Each version: what came of it, the rules that stand against it and how near the others were, the price."""
    for version in told["versions"]:
        console.print(f"\n[bold]Why: version {version['version']}[/]")
        for sentence in sentences(version):
            say(f"  {escape(sentence)}")
        if version["price"]:
            console.print(_price(version["price"]))


def sentences(version: dict[str, Any]) -> list[str]:
    """What was decided by what, one thing a sentence."""
    pinned = version["pinned"]
    told = [_outcome(version), _went_by(pinned)]
    judged = [one for one in version["rules"] if one["verdict"] != "not_applicable"]
    if judged:
        passed = [one for one in judged if one["verdict"] == "passed"]
        told.append(f"{counted(len(judged), 'check')} by rules, {len(passed)} passed.")
    for one in judged:
        if one["verdict"] in _ASKED:
            told.append(f"Rule {_named(one)} {_ASKED[one['verdict']]}; it read {_read(one)}.")
        elif one["margin"] is not None:
            near = "only just held, " if one.get("near_miss") else "passed "
            told.append(f"Rule {_named(one)} {near}with {one['margin']} to spare.")
    for finding in version["duplicates"]:
        match = finding["duplicate"]
        told.append(
            f"{finding['message']} ({match['kind'].replace('_', ' ')}, {match['score']} of 100,"
            f" request {match['other_request_id']})"
        )
    if overridden := version.get("overridden"):
        told.append(f"A person let it pass all the same; against it stood: {', '.join(overridden)}.")
    for what in version["differs"]:
        told.append(f"Decided again now, the {what} comes out otherwise: report this.")
    return told


def _outcome(version: dict[str, Any]) -> str:
    if version["verdict"] is None:
        return "Rules and price were never asked about it."
    cents = version["verdict_cents"]
    price = "there was no price" if cents is None else f"the price was {for_people(cents)}"
    outcome, *reasons = version["verdict"].split()
    why = f" ({', '.join(reasons)})" if reasons else ""
    return f"{_OUTCOMES[outcome]}{why}; {price}."


_OUTCOMES = {
    "approve": "Approved by the system",
    "deny": "Denied by the system",
    "except": "Stopped by the system",
    "review": "Put before a person",
}


def _went_by(pinned: dict[str, Any]) -> str:
    contract = pinned["contract_id"]
    terms = (
        f"contract {contract} version {pinned['contract']} with fee schedule {pinned['fee_schedule']}"
        if contract
        else "no contract"
    )
    rules = (pinned["rule_set"] or "none")[:12]
    brought = pinned.get("rules_version")
    if brought:
        rules += f" of version {brought}"
    return f"It goes by rules {rules}, reference data of revision {pinned['reference_revision']}: {terms}."


def _named(one: dict[str, Any]) -> str:
    return f"{one['rule']} {one['version']}" + ("" if one["line"] is None else f" on line {one['line'] + 1}")


def _read(one: dict[str, Any]) -> str:
    return ", ".join(f"{name} = {_value(value)}" for name, value in one["read"].items()) or "nothing"


def _value(value: Any) -> str:
    if value is None:
        return "not known"
    return str(value).lower() if isinstance(value, bool) else str(value)


_PATIENTS_SHARE = ("deductible_cents", "copay_cents", "coinsurance_cents")


def _price(lines: list[dict[str, Any]]) -> Table:
    table = Table(title="The price, line by line", title_justify="left")
    for column in (
        "line",
        "code",
        "rate",
        "units",
        "charge",
        "by rate",
        "covered",
        "allowed",
        "patient",
        "paid",
    ):
        table.add_column(column, justify="left" if column in ("line", "code") else "right")
    for line in lines:
        patient = None if line["paid_cents"] is None else sum(line[name] for name in _PATIENTS_SHARE)
        rate = _money(line["rate_cents"]) + (
            f" ({line['rate_of_modifier']})" if line["rate_of_modifier"] else ""
        )
        amounts = (
            line["full_cents"],
            line["covered_cents"],
            line["allowed_cents"],
            patient,
            line["paid_cents"],
        )
        table.add_row(
            escape(line["line_id"]),
            line["code"],
            rate,
            f"{line['units_thousandths'] / 1000:g}",
            _money(line["charge_cents"]),
            *map(_money, amounts),
        )
    return table


def _money(cents: int | None) -> str:
    return "none" if cents is None else for_people(cents)
