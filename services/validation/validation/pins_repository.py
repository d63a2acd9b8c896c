"""SQL of pins: what stood when a request came in, read for a whole slice at once where memory has forgotten it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import asyncpg

from validation.history import Version
from validation.members_repository import read_coverage
from validation.near_duplicates.rules import DuplicateRules
from validation.reference import KINDS, AsOf, Reference, Terms, as_held, terms_in
from validation.reference_history import Key, Name
from validation.rules.rule import Rule
from validation.rules.rule_set import Catalogue, RuleSet

_READ_AS_OF = """
select s.kind, s.id, s.revision, s.before, h.body from (
    select distinct a.kind, a.id,
        (select max(revision) from reference_history h
         where h.kind = a.kind and h.id = a.id and h.revision <= a.revision) as revision,
        (select min(revision) from reference_history h
         where h.kind = a.kind and h.id = a.id and h.revision > a.revision) as before
    from unnest($1::text[], $2::text[], $3::bigint[]) as a (kind, id, revision)
) s
left join reference_history h on h.kind = s.kind and h.id = s.id and h.revision = s.revision
"""
_READ_RULE_SETS = "select sha256, rules from rule_sets where sha256 = any($1::bytea[])"
_KEEP_RULE_SETS = """
insert into rule_sets (sha256, rules)
select sha256, rules from unnest($1::bytea[], $2::bytea[]) as new (sha256, rules) on conflict do nothing
"""


async def read_pinned(db: asyncpg.Connection, reference: Reference, versions: Sequence[Version]) -> None:
    """Give each version the terms that it is pinned to; where it has no pin yet, what stands now becomes its pin.

    Nothing is read where nothing that these versions name has changed since they came in, or the change is still in
    memory; else at most two statements: a contract of then may name a fee schedule of then. Members are asked
    for by one statement, where a payer has coverage checked.
    """
    reference.older.shrink()
    while missing := _missing(reference, versions):
        await _read_older(db, reference, missing)
    # Nothing is awaited before all have their pin: another slice of this process may take in newer data meanwhile.
    for version in versions:
        if version.reference_revision is None:
            version.reference_revision = reference.revision
        version.terms = terms_pinned(reference, version)
    await read_coverage(db, versions)


def terms_pinned(reference: Reference, version: Version) -> Terms:
    """The terms of a version whose pinned reference data are in memory."""
    revision = version.reference_revision
    if revision is None or revision >= reference.revision:
        return reference.terms_for(version.submission)
    return terms_in(reference.as_of(revision), version.submission)


def _missing(reference: Reference, versions: Iterable[Version]) -> set[tuple[int, Key]]:
    missing: set[tuple[int, Key]] = set()
    for version in versions:
        revision = version.reference_revision
        if revision is not None and revision < reference.revision:
            view = AsOf(reference, revision)
            terms_in(view, version.submission)
            missing |= {(revision, key) for key in view.missing}
    return missing


async def _read_older(
    db: asyncpg.Connection, reference: Reference, missing: Iterable[tuple[int, Key]]
) -> None:
    names: dict[tuple[str, str], Name] = {(kind, str(name)): name for _, (kind, name) in missing}
    asked = [(kind, str(name), revision) for revision, (kind, name) in missing]
    for row in await db.fetch(_READ_AS_OF, *[list(column) for column in zip(*asked, strict=True)]):
        kind, name = row["kind"], names[row["kind"], row["id"]]
        value = None
        if row["body"] is not None:
            value = as_held(KINDS[kind].model_validate_json(row["body"]))[2]
        before = row["before"] or reference.changed_at(kind, name)
        reference.older.keep((kind, name), row["revision"] or 0, before, value)


async def read_rule_sets(db: asyncpg.Connection, catalogue: Catalogue, versions: Iterable[Version]) -> None:
    """Compile the sets of earlier releases that versions are pinned to. What nobody kept stays unknown: the engine
    then asks for a person."""
    asked = {one.rule_set for one in versions if one.rule_set and not catalogue.knows(one.rule_set)}
    if not asked:
        return
    for row in await db.fetch(_READ_RULE_SETS, [bytes.fromhex(one) for one in sorted(asked)]):
        kept = json.loads(row["rules"])
        rules, duplicates = (kept, None) if isinstance(kept, list) else (kept["rules"], kept["duplicates"])
        catalogue.remember(
            row["sha256"].hex(),
            [Rule.model_validate(one) for one in rules],
            None if duplicates is None else DuplicateRules.model_validate(duplicates),
        )


async def keep_rule_sets(db: asyncpg.Connection | asyncpg.Pool, catalogue: Catalogue) -> None:
    """Keep this release's sets, so that a later release can decide by them what came in under them."""
    kept = {one.sha256: json.dumps(_kept(one)).encode() for one in catalogue.sets}
    await db.execute(_KEEP_RULE_SETS, [bytes.fromhex(one) for one in kept], list(kept.values()))


def _kept(one: RuleSet) -> Any:
    """Its rules, as a list; beside those of near duplicates where they were published with them."""
    rules = [rule.model_dump(mode="json") for rule in one.rules]
    if one.duplicates is None:
        return rules
    return {"rules": rules, "duplicates": one.duplicates.model_dump(mode="json")}
