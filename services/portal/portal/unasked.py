"""What a correction changes that the return did not ask for: told before it is sent, because it would be stopped."""

from __future__ import annotations

import json

import asyncpg

from portal.drafts import Draft
from portal.one_request import content_of
from portal.page import Visit
from throughline.edits import not_asked
from throughline.reasons import Reason
from throughline.requests import PaymentRequest

_BEFORE = """
select request_id, version, reason, may_change, content from versions where request_id = $1 and version < $2
order by version desc
"""
_MENDED_OTHERWISE = frozenset({Reason.FIELD_NOT_ASKED.value, Reason.OTHER_ORGANISATION.value})
"""Stopped for how a return was answered: what was asked for is still that of the return."""


async def unasked_of(visit: Visit, db: asyncpg.Connection, draft: Draft, made: object) -> tuple[str, ...]:
    """The fields that differ from what was returned and are none of those asked for, by name; nothing where nothing was
    returned, or nothing is made yet. Validation judges by the same comparison."""
    if draft.corrects is None or not isinstance(made, PaymentRequest):
        return ()
    before = await db.fetch(_BEFORE, draft.corrects, draft.version)
    for one in before:
        if one["reason"] == Reason.RETURNED_FOR_EDITS.value:
            returned = content_of(dict(one), visit.context.resources.content_key)
            asked = before[0]["may_change"]
            if returned is None:
                return ()
            return not_asked(returned, made, None if asked is None else json.loads(asked))
        if one["reason"] not in _MENDED_OTHERWISE:
            break
    return ()
