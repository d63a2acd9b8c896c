"""Somebody asked to look at a review, to give it back, or to hand it over."""

from __future__ import annotations

from chassis import Heard, Say
from portal.read_model.work import ReadModelWork
from throughline.reviews import AssignReview


def show_asked_assignment(heard: Heard[AssignReview], work: ReadModelWork, say: Say) -> None:
    message = heard.message
    work.tell(heard, message.request_id, actor=message.actor)
