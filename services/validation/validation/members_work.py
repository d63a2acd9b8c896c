"""The members of a slice: what stood of them, and what is recorded anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from chassis import Context, Heard
from throughline.members import MemberRecorded, member_key_for
from validation import members_repository
from validation.coverage import coverage_of
from validation.members_repository import StoredMember


class MembersWork:
    """One partition brings all members, so no other transaction records any of them meanwhile."""

    def __init__(self, stored: dict[UUID, StoredMember]) -> None:
        self.stored = stored
        self.recorded: dict[UUID, StoredMember] = {}

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Heard[Any]], context: Context) -> MembersWork:
        members = {member_key_for(one.message.payer, one.message.member_id) for one in heard}
        return cls(await members_repository.read_latest(db, members))

    def record(self, member: MemberRecorded) -> None:
        """Keep it if it is newer than what stands, or than what the slice brought before."""
        key = member_key_for(member.payer, member.member_id)
        known = self.recorded.get(key) or self.stored.get(key)
        if known is None or known.version < member.version:
            self.recorded[key] = StoredMember(member.version, coverage_of(member))

    async def store(self, db: asyncpg.Connection) -> None:
        await members_repository.store_members(db, self.recorded)
