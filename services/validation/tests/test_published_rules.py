"""Which published set decides which service day, and why a set that two people signed is not published."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from throughline.reasons import Reason
from throughline.rule_sets import PublishRuleSet, RuleFile, files_sha256
from validation.on_publish_rule_set import refusal_of
from validation.rules.published import Published, PublishedRules, in_force
from validation.rules.rule_set import CatalogueBreach, load_catalogue, own_texts, rules_in
from validation.testing import limit, publication

OWN = rules_in(own_texts())
NEW_YEAR, APRIL, JULY = date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1)


def by_version(*commands: PublishRuleSet) -> Published:
    return {str(one.version): one for one in commands}


@pytest.mark.parametrize(
    ("published", "decides"),
    [
        ([], []),
        ([(1, APRIL)], [(1, APRIL, None)]),
        ([(1, APRIL), (2, JULY)], [(1, APRIL, date(2026, 6, 30)), (2, JULY, None)]),
        (
            [(2, JULY), (5, APRIL)],
            [(5, APRIL, date(2026, 6, 30)), (2, JULY, None)],
        ),  # a later one for earlier days
        ([(1, APRIL), (2, APRIL)], [(2, APRIL, None)]),  # taken back by another for the same days
    ],
    ids=["none", "one", "two", "an earlier day later", "the same day again"],
)
def test_the_latest_first_day_decides(
    published: list[tuple[int, date]], decides: list[tuple[int, date, date | None]]
) -> None:
    sets = by_version(*[publication(version, day) for version, day in published])
    assert [(one.version, one.effective_from, one.until) for one in in_force(sets)] == decides


def test_a_service_day_finds_the_set_of_its_date() -> None:
    rules = PublishedRules(OWN)
    rules.follow(by_version(publication(1, APRIL, limit(100)), publication(2, JULY, limit(200))))
    own = load_catalogue().in_force_on(NEW_YEAR).sha256
    found = [rules.in_force_on(day) for day in (NEW_YEAR, APRIL, date(2026, 6, 30), JULY)]
    limits = [[one.expression for one in each.rules if one.id == "charge-limit"] for each in found]
    assert limits == [[], ["total_cents <= 100"], ["total_cents <= 100"], ["total_cents <= 200"]]
    assert found[0].sha256 == own
    assert all(rules.knows(one.sha256) for one in found)


def test_what_was_followed_once_is_known_when_another_takes_its_place() -> None:
    """Requests that came in meanwhile are pinned to it."""
    rules = PublishedRules(OWN)
    rules.follow(by_version(publication(1, APRIL, limit(100))))
    pinned = rules.in_force_on(APRIL).sha256
    rules.follow(by_version(publication(1, APRIL, limit(100)), publication(2, APRIL)))
    assert rules.in_force_on(APRIL).sha256 != pinned
    assert rules.set_of(pinned, APRIL).sha256 == pinned and rules.set_of(pinned, APRIL).rules


def test_a_restored_database_takes_back_what_it_does_not_know() -> None:
    rules = PublishedRules(OWN)
    rules.follow(by_version(publication(1, APRIL, limit(100))))
    rules.follow({})
    assert rules.in_force_on(APRIL).sha256 == load_catalogue().in_force_on(APRIL).sha256


def test_a_set_names_the_version_that_first_brought_it() -> None:
    rules = PublishedRules(OWN)
    rules.follow(by_version(publication(1, APRIL), publication(2, JULY, limit(100)), publication(3, JULY)))
    sets = PublishedRules(OWN)
    sets.follow(by_version(publication(2, JULY, limit(100))))
    limited, own = sets.in_force_on(JULY).sha256, rules.in_force_on(APRIL).sha256
    assert [rules.brought_by(one) for one in (own, limited, "0" * 64, None)] == [0, 2, None, None]


def test_what_this_release_cannot_read_is_no_rule_set() -> None:
    with pytest.raises(CatalogueBreach, match=r"more-0\.toml"):
        PublishedRules(OWN).follow(by_version(publication(1, APRIL, limit(100, reason='"of_the_future"'))))


SOUND = publication(3, APRIL, limit(100))
EVERY_DAY = "".join(
    limit(100, id=f'"limit-{at}"', effective_from=str(date.fromordinal(APRIL.toordinal() + at)))
    for at in range(61)
)


@pytest.mark.parametrize(
    ("command", "stepped_up", "highest", "reason"),
    [
        (SOUND, True, 2, None),
        (SOUND, False, 2, Reason.STEP_UP_MISSING),
        (SOUND, True, 3, Reason.STALE_VERSION),
        (SOUND, True, 4, Reason.STALE_VERSION),
        (publication(3, APRIL, limit(100), sha256="0" * 64), True, 2, Reason.RULES_ALTERED),
        (publication(3, APRIL, limit(100, expression='"total_cents >"')), True, 2, Reason.RULES_UNSOUND),
        (publication(3, APRIL, limit(100, failing="[{ total_cents = 1 }]")), True, 2, Reason.RULES_UNSOUND),
        (publication(3, APRIL, limit(100, expression='"nobody_knows"')), True, 2, Reason.RULES_UNSOUND),
        (publication(3, APRIL, limit(1), limit(2)), True, 2, Reason.RULES_UNSOUND),
        (publication(3, APRIL, EVERY_DAY), True, 2, Reason.RULES_UNSOUND),
    ],
    ids=[
        "sound",
        "no step-up",
        "the same version",
        "a lower version",
        "another hash",
        "not CEL",
        "an example that fails",
        "no such fact",
        "one version twice",
        "too many days",
    ],
)
def test_it_is_published_only_where_everything_holds(
    command: PublishRuleSet, stepped_up: bool, highest: int, reason: Reason | None
) -> None:
    refused, problem = refusal_of(command, stepped_up, highest)
    assert refused is reason
    assert (problem is not None) == (reason is Reason.RULES_UNSOUND)


@pytest.mark.parametrize("names", [("b.toml", "a.toml"), ("a.toml", "a.toml"), ("../a.toml",), ("a.txt",)])
def test_files_have_one_order_and_plain_names(names: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError):
        files = tuple(RuleFile(name=name, text="x") for name in names)
        publication(files=files, sha256=files_sha256(files))


def test_the_hash_does_not_hang_on_the_order_and_tells_names_from_texts() -> None:
    one, other = RuleFile(name="a.toml", text="x"), RuleFile(name="b.toml", text="y")
    assert files_sha256([one, other]) == files_sha256([other, one])
    assert files_sha256([one]) != files_sha256([RuleFile(name="x.toml", text="a")])
