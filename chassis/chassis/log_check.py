"""At assignment the stored row is compared with the log: a lost, cut or re-created log is held and paged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiokafka.errors import LeaderNotAvailableError

from chassis.order import Position
from chassis.positions import Ownership, remember_topic, start_at

if TYPE_CHECKING:
    from chassis.consumer import Listener
    from chassis.context import Context


class LogTrouble(Exception):
    """The log is not the one that the position was stored for. ``alarm`` names how."""

    def __init__(self, alarm: str) -> None:
        super().__init__(alarm)
        self.alarm = alarm


async def check_log(listener: Listener, context: Context, owned: Ownership, *, sequenced: bool) -> Position:
    """The position to go on from. Raises LogTrouble. A log that merely starts at the position is only retention; where
    it starts later, what is missing comes from audit's feed, if there is one.

    The record before the position is compared by its hash when it is read again, as the first after the seek.
    """
    topic, partition, position = owned.topic, owned.partition, owned.position
    topic_id = await listener.topic_id(topic)
    if topic_id is None:
        # A broker that has just started does not know all its topics yet. Going on without the id would leave a topic
        # made again undetected, and comparing with it would page for nothing.
        raise LeaderNotAvailableError(f"the broker does not know {topic} at the moment")
    if owned.topic_id is None:
        await remember_topic(context.pool, topic, partition, topic_id)
    elif topic_id != owned.topic_id:
        raise LogTrouble("topic_recreated")
    start, end = await listener.log_bounds(topic, partition)
    if position.next > end:
        raise LogTrouble("log_shorter")
    if position.next >= start:
        # Retention may have taken the very record whose hash is kept.
        if position.last_hash is not None and position.next - 1 < start:
            return Position(position.next, position.applied, position.applied_id)
        return position
    if context.settings.audit_feed_url is not None and context.settings.audit_feed_token is not None:
        return position
    if sequenced:
        raise LogTrouble("log_starts_later")
    context.alarms.raise_("log_starts_later", topic=topic, partition=partition, offset=position.next)
    return await start_at(context.pool, owned, start)
