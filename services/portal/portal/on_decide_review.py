"""Somebody decided a review: who, what and with which words."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.reviews import DecideReview


def show_asked_decision(heard: Heard[DecideReview], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.request_id, note=message.note, actor=message.actor, decision=message.decision)
