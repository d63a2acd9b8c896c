"""Payout is asked to stop it."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.decisions import ApprovalRevoked


def show_revocation(heard: Heard[ApprovalRevoked], work: ReadModelWork, say: Say) -> None:
    work.tell(heard, heard.message.request_id)
