"""The whole sample for one seed: the world, every scenario, and clean claims up to the number asked for."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from random import Random

from sample_input import broken_files, changes, duplicates, exceptions, payments, refusals, reviews
from sample_input.claims import ClaimMaker
from sample_input.feed import FIRST, Channel, Feed
from sample_input.reference import World, build_world
from sample_input.scenario import SENDERS, Scenario
from throughline.message import Message

REQUESTS = 5_200
FOLDERS = ("reference", "1-first", "2-second", "3-edits", "4-after-payment")
LATE_ROLE = "late-account"
"""Payees whose accounts are enrolled only after their requests were approved."""


def generate(seed: int, requests: int = REQUESTS) -> Feed:
    """Everything that is sent and expected. Below about 1,300 requests only the scenarios are there."""
    random = Random(seed)
    world = build_world(random, payments.magic_accounts())
    feed = Feed(world)
    scenario = Scenario(random, world, ClaimMaker(random, world), feed)
    _scenarios(scenario)
    _clean(scenario, requests - len(feed.answers) - sum(len(one) for one in feed.files.values()))
    return feed


def _scenarios(scenario: Scenario) -> None:
    refusals.parked(scenario, 4)
    refusals.breaches(scenario, 5)
    refusals.of_another_kind(scenario, 5)
    refusals.said_again(scenario, 12)
    refusals.out_of_order(scenario, 5)
    refusals.out_of_time(scenario, 3)
    exceptions.rule_exceptions(scenario, 4)
    exceptions.not_enrolled_or_contracted(scenario, 5)
    exceptions.authorisations(scenario, 8)
    exceptions.filed_late(scenario, 10)
    exceptions.paid_nothing(scenario, 12)
    reviews.above_the_tier(scenario, 24)
    reviews.no_price(scenario, 15)
    reviews.unknown_rendering(scenario, 8)
    reviews.child_care(scenario, 40)
    duplicates.across_channels(scenario, 30)
    duplicates.nearly(scenario, 12)
    duplicates.by_another_payee(scenario, 4)
    duplicates.twins(scenario, 4)
    duplicates.released(scenario, 4)
    duplicates.after_a_withdrawal(scenario, 5)
    changes.corrected_before_the_cutoff(scenario, 24)
    changes.mended(scenario, 16)
    changes.denied_then_corrected(scenario, 5)
    changes.voided(scenario, 12)
    changes.withdrawn(scenario, 12)
    changes.too_late(scenario, 12)
    changes.nothing_to_stop(scenario, 3)
    broken_files.cut_off(scenario)
    broken_files.miscounted(scenario)
    broken_files.unreadable_claim_among_good(scenario)
    broken_files.misspelt_column(scenario)
    broken_files.amount_in_words(scenario)
    broken_files.sent_twice(scenario)
    payments.returned(scenario, 4)
    payments.odd_settlements(scenario, 4)
    payments.held(scenario, 4)
    payments.one_big_payment(scenario, 240)


def _clean(scenario: Scenario, count: int) -> None:
    channels: tuple[Channel, ...] = ("kafka", "837p", "csv", "http")
    for channel in scenario.random.choices(channels, weights=(45, 25, 18, 12), k=max(0, count)):
        partner = scenario.random.choice(SENDERS[channel])
        scenario.send_paid(FIRST, scenario.maker.clean(), "clean", channel, partner)


def write_sample(out: Path, seed: int, requests: int = REQUESTS) -> Feed:
    """Generate into a folder. What a former run left there of the sample is replaced."""
    feed = generate(seed, requests)
    for folder in FOLDERS:
        shutil.rmtree(out / folder, ignore_errors=True)
    write_reference(feed.world, out / "reference")
    feed.write(out)
    return feed


def write_reference(world: World, folder: Path) -> None:
    """The world as JSON lines: one message of ``throughline.reference`` a line; payees with their invented accounts."""
    _messages(folder / "partners.jsonl", world.partners.values())
    _messages(folder / "payers.jsonl", world.payers.values())
    _messages(folder / "providers.jsonl", [one.record for one in world.providers])
    _messages(folder / "contracts.jsonl", world.contracts.values())
    _messages(folder / "fee-schedules.jsonl", world.schedules.values())
    _messages(folder / "authorisations.jsonl", world.authorisations)
    keys = [{"partner": partner, "api_key": key} for partner, key in world.api_keys.items()]
    _lines(folder / "api-keys.jsonl", keys)
    payees = [
        {
            "payee_id": str(one.record.payee_id),
            "kind": one.record.kind,
            "identifier": one.record.identifier,
            "tin": one.record.tin.reveal(),
            "name": one.bank_name,
            "routing": one.routing,
            "account": one.account or "4000000001",
            "account_kind": "checking",
            "enrol": "later" if one.role == LATE_ROLE else "first",
        }
        for one in world.providers
        if one.account or one.role == LATE_ROLE
    ]
    _lines(folder / "payees.jsonl", payees)


def _messages(path: Path, messages: Iterable[Message]) -> None:
    _write(path, [message.model_dump_json(exclude_none=True) for message in messages])


def _lines(path: Path, lines: Iterable[dict[str, str]]) -> None:
    _write(path, [json.dumps(line) for line in lines])


def _write(path: Path, lines: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
