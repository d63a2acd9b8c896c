"""What the chassis adds to what a service hears: repairs of its parked records, and the people who may command."""

from __future__ import annotations

from chassis.hearing import Hearing
from chassis.people_heard import PEOPLE_HEARING
from chassis.repairs import repairs_hearing
from chassis.service import Service
from throughline.flow import PEOPLE, REPAIRS


def added_hearings(service: Service) -> list[Hearing]:
    """For the topics that the service does not hear itself. One position cannot serve two listeners: who keeps these
    topics as bytes (audit) has them heard beside its own."""
    added = ((REPAIRS, repairs_hearing(service.name)), (PEOPLE, PEOPLE_HEARING))
    return [
        hearing
        for topic, hearing in added
        if _is_heard_by(service, topic.name) and service.hearing_of(topic.name) is None
    ]


def heard_beside(service: str, topic: str) -> Hearing | None:
    """What the chassis hears of a topic whose records the service keeps as bytes, in the same transaction."""
    if topic == REPAIRS.name:
        return repairs_hearing(service)
    return PEOPLE_HEARING if topic == PEOPLE.name else None


def _is_heard_by(service: Service, topic: str) -> bool:
    known = service.topics.named(topic)
    return known is not None and service.name in known.hears
