"""What was approved is looked at again when coverage or terms were taken back, or a list names who is paid.

Stored with their cause, done in chunks in transactions of their own. What is found is asked back of payout: what it
stops comes to a review, and of what has left a recovery is opened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import asyncpg

from chassis import Context, Transaction
from throughline.decisions import ApprovalRevoked
from throughline.reference import ProviderRecorded
from validation import follow_up_repository, pins_repository, repository, verdicts
from validation.domain import State
from validation.history import Version
from validation.reference import Reference, payee_id_of_npi
from validation.standing import Standing, is_on_a_list, standing, unseen_under_new_name
from validation.work import Resources


async def work_off_follow_ups(context: Context) -> None:
    """Do what is stored, until nothing is left. Replicas share the work: each takes what no other holds."""
    while await _some(context):
        pass


async def _some(context: Context) -> bool:
    async with context.transaction() as tx:
        row = await follow_up_repository.take_one(tx.db)
        if row is None:
            return False
        if row["begun_before"] is None:
            await follow_up_repository.wait_for_those_before(tx.db, row["follow_up_id"])
            return True
        resources: Resources = context.resources
        await resources.refresh(tx.db)
        limit = context.settings.follow_up_requests
        ids = await _asked_about(tx.db, row, resources.reference, context.clock.today(), limit)
        renamed = UUID(int=row["payee"].int) if row["kind"] == "renamed" else None
        await _look_again(tx, row["follow_up_id"], ids, resources, renamed)
        if len(ids) < limit and context.said_before.making_again:
            # After a restore approvals of before are still being made again: it is done once more behind the others.
            await follow_up_repository.begin_again(tx.db, row["follow_up_id"])
            return False
        await follow_up_repository.done_until(tx.db, row["follow_up_id"], ids, limit)
    return True


async def _asked_about(
    db: asyncpg.Connection, row: asyncpg.Record, reference: Reference, today: date, limit: int
) -> list[UUID]:
    """The next requests that a follow-up is about."""
    match row["kind"]:
        case "coverage":
            return await follow_up_repository.approved_of_member(db, row, today, limit)
        case "contract":
            return await follow_up_repository.approved_of_payer(db, row, limit)
        case "provider" | "renamed":
            payees, npis = [row["payee"]], _npis_of(reference.one("provider", UUID(int=row["payee"].int)))
        case "screening":
            payees, npis = whom_lists_name(reference)
        case kind:
            raise ValueError(f"no follow-up is of kind {kind}")
    return await follow_up_repository.approved_of_parties(db, row, payees, npis, limit)


async def _look_again(
    tx: Transaction, cause: UUID, ids: Sequence[UUID], resources: Resources, renamed: UUID | None
) -> None:
    """Ask payout to stop what may not be paid as things stand now: also what was too late for something else before, as
    payout alone knows whether the money has come back since, and by which payment it left. Who let the name pass of a
    provider that is ``renamed`` did not see the one of now."""
    db: asyncpg.Connection = tx.db
    reference = resources.reference
    requests = await repository.lock_requests(db, ids)
    approved = [
        version
        for request in requests.values()
        for version in request
        if version.state in (State.APPROVED, State.FINAL) and not version.pays_nothing
    ]
    await pins_repository.read_pinned(db, reference, approved)
    for version in approved:
        stands = standing(version, reference, resources.packs)
        if renamed is not None:
            stands = unseen_under_new_name(stands, version, renamed, reference)
        event = ask_back(version, stands)
        if event is not None:
            key = str(event.request_id)
            tx.say(event, key=key, cause=cause, correlation_id=key)
    await repository.store_versions(db, requests)


def ask_back(version: Version, stands: Standing) -> ApprovalRevoked | None:
    """None where nothing stands against it that nobody was shown before it was approved."""
    if not stands.unseen:
        return None
    version.findings += tuple(one for one in stands.unseen if one not in version.findings)
    was_withdrawn = version.state is State.FINAL and version.stop_cause == "withdrawal"
    return verdicts.revoked(version, "withdrawal" if was_withdrawn else "recall", stands.reason)


def whom_lists_name(reference: Reference) -> tuple[list[UUID], list[int]]:
    """Everybody whose approvals are to be looked at: payees by id, and NPIs of who gave a service."""
    lists = reference.screening.lists.values()
    npis = {npi for one in lists for npi in one.by_npi}
    payees = {payee_id_of_npi(npi) for npi in npis}
    for provider in reference.providers.values():
        if is_on_a_list(provider, reference.screening):
            payees.add(provider.payee_id)
            npis |= {provider.npi} if provider.npi else set()
    return sorted(payees), sorted(int(npi) for npi in npis)


def _npis_of(provider: ProviderRecorded | None) -> list[int]:
    return [] if provider is None or provider.npi is None else [int(provider.npi)]
