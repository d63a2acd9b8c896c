"""The sample's scenarios in small numbers: every channel and most outcomes in a few hundred requests."""

from __future__ import annotations

from pathlib import Path
from random import Random

from sample_input import changes, duplicates, exceptions, payments, refusals, reviews
from sample_input.claims import ClaimMaker
from sample_input.feed import Feed
from sample_input.generate import write_reference
from sample_input.reference import build_world
from sample_input.scenario import Scenario


def write_short_sample(out: Path, seed: int) -> Feed:
    """As `sample_input.generate.write_sample`, smaller."""
    random = Random(seed)
    world = build_world(random, payments.magic_accounts())
    scenario = Scenario(random, world, ClaimMaker(random, world), Feed(world))
    refusals.parked(scenario, 1)
    refusals.breaches(scenario, 1)
    refusals.said_again(scenario, 4)
    refusals.out_of_order(scenario, 2)
    exceptions.rule_exceptions(scenario, 1)
    exceptions.filed_late(scenario, 2)
    exceptions.paid_nothing(scenario, 3)
    reviews.above_the_tier(scenario, 8)
    reviews.child_care(scenario, 4)
    duplicates.across_channels(scenario, 6)
    duplicates.nearly(scenario, 2)
    duplicates.released(scenario, 2)
    duplicates.after_a_withdrawal(scenario, 2)
    changes.corrected_before_the_cutoff(scenario, 6)
    changes.mended(scenario, 4)
    changes.denied_then_corrected(scenario, 2)
    changes.voided(scenario, 4)
    changes.withdrawn(scenario, 4)
    changes.too_late(scenario, 4)
    payments.returned(scenario, 1)
    payments.odd_settlements(scenario, 2)
    payments.held(scenario, 2)
    payments.one_big_payment(scenario, 60)
    write_reference(world, out / "reference")
    scenario.feed.write(out)
    return scenario.feed
