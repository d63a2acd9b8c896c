"""ReleaseBatch: operations staff ask that a batch leaves. Not offered in this release, and said so."""

from __future__ import annotations

from chassis import Heard, Say
from payout.refuse import refuse_not_offered
from payout.work import ItemsWork
from throughline.orders import ReleaseBatch

_WHY = "Batches leave by themselves at their cutoff; none waits for release."


def refuse(heard: Heard[ReleaseBatch], work: ItemsWork, say: Say) -> None:
    """Changes nothing."""
    refuse_not_offered(heard, say, heard.message.batch_id, _WHY)
