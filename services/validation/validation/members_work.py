"""The members of a slice: what stood of them, and what is recorded anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from chassis import Context, Heard
from throughline.identifiers import derived
from throughline.members import MemberRecorded, member_key_for
from validation import members_repository
from validation.coverage import coverage_of
from validation.follow_up_repository import FollowUp, store_follow_ups
from validation.lost_coverage import lost_since
from validation.members_repository import StoredMember
from validation.near_duplicates.keys import member_hash


class MembersWork:
    """One partition brings all members, so no other transaction records any of them meanwhile."""

    def __init__(self, stored: dict[UUID, StoredMember]) -> None:
        self.stored = stored
        self.recorded: dict[UUID, StoredMember] = {}
        self.follow_ups: list[FollowUp] = []

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context) -> MembersWork:
        members = {member_key_for(one.message.payer, one.message.member_id) for one in heard}
        return cls(await members_repository.read_latest(db, members))

    def record(self, member: MemberRecorded) -> None:
        """Keep it if it is newer than what stands, or than what the slice brought before. Where it takes days or
        benefits back, what was approved for them is looked at again."""
        key = member_key_for(member.payer, member.member_id)
        known = self.recorded.get(key) or self.stored.get(key)
        if known is not None and known.version >= member.version:
            return
        now = coverage_of(member)
        self.recorded[key] = StoredMember(member.version, now)
        since = None if known is None else lost_since(known.coverage, now)
        if since is not None:
            cause = derived("coverage-ended", str(key), str(member.version))
            self.follow_ups.append(
                FollowUp(cause, "coverage", member.payer, member_hash(member.member_id), since)
            )

    async def store(self, db: asyncpg.Connection) -> None:
        await members_repository.store_members(db, self.recorded)
        await store_follow_ups(db, self.follow_ups)
