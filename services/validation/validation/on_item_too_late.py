"""Payout could not stop an item: it has left. What waited for it needs the recovery decided first."""

from __future__ import annotations

from chassis import Heard, Say
from throughline.items import ItemTooLate
from throughline.reasons import Reason
from validation import verdicts
from validation.domain import State
from validation.history import Version
from validation.settle import replace_unpaid
from validation.standing import NEVER_PINNED
from validation.work import DecisionWork


def after_refused_stop(heard: Heard[ItemTooLate], work: DecisionWork, say: Say) -> None:
    """The approved version is final, and what came up against it by itself is to be recovered. A waiting replacement
    or void pays nothing and becomes an Exception, unless the version was priced to zero: then nothing was to leave."""
    request = work.requests[heard.message.request_id]
    version = request.versions.get(heard.message.version)
    if (
        version is None
        or version.state is not State.STOPPING
        or version.decision_id != heard.message.decision_id
    ):
        return  # not the answer to a question that is open
    version.state, version.is_changed = State.FINAL, True
    payment_id = heard.message.payment_id
    if payment_id is not None and not version.pays_nothing:
        for ordinal, reason in enumerate(_came_up_against(version, work)):
            verdicts.open_recovery(version, payment_id, reason, say, ordinal)
    waiting = request.waiting()
    if waiting is None:
        return
    if version.pays_nothing:
        replace_unpaid(request, version, waiting, work, say, heard.recorded_at)
        return
    waiting.decided_at = heard.recorded_at
    verdicts.except_(waiting, Reason.RECOVERY_NEEDED, say)


def _came_up_against(version: Version, work: DecisionWork) -> tuple[Reason, ...]:
    """What it was asked back for by itself; and what came up while it was being stopped: nobody looks at it later."""
    asked = (version.reason,) if version.reason in NEVER_PINNED else ()
    stands = work.standing(version)
    known = {(one.rule, one.field) for one in version.findings}
    version.findings += tuple(one for one in stands.unseen if (one.rule, one.field) not in known)
    reasons = tuple(
        dict.fromkeys(one.reason for one in stands.unseen if one.reason not in version.handling.recovered)
    )
    if not asked and reasons:
        version.reason = stands.reason
    return tuple(dict.fromkeys((*asked, *reasons)))
