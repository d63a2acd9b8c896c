"""A service: what it hears, what it does by the clock, what it answers over HTTP. ``service.main()`` runs it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
from fastapi import APIRouter, FastAPI

from chassis.hearing import Hearing, Timer
from chassis.settings import ServiceSettings
from chassis.topics import TopicMap
from throughline.flow import TOPICS, Topic
from throughline.message import Message

Start = Callable[[Any, asyncpg.Pool], Awaitable[Any]]
Dress = Callable[[FastAPI], None]


class Service:
    """Wiring only; app.py of a service makes one and calls ``main()``.

    ``start(settings, pool)`` builds the resources that handlers reach as ``context.resources``. ``dress(app)``
    is given the HTTP app with all its routes, for middleware, error pages and static files. ``package`` is the import
    package that holds the Alembic ``migrations`` folder; it defaults to the service's name. ``recalls``: what
    a restored service takes back from its own log, because nothing that it hears again makes it
    (``context.said_before.left_of``). ``never_accepted``: what it must make again, whoever says otherwise.
    """

    def __init__(
        self,
        name: str,
        *,
        settings: type[ServiceSettings] = ServiceSettings,
        hears: Sequence[Hearing] = (),
        timers: Sequence[Timer] = (),
        api: APIRouter | Sequence[APIRouter] | None = None,
        start: Start | None = None,
        dress: Dress | None = None,
        package: str | None = None,
        topics: Sequence[Topic] = TOPICS,
        recalls: Sequence[type[Message]] = (),
        never_accepted: Sequence[type[Message]] = (),
    ) -> None:
        self.name = name
        self.settings = settings
        self.hears = tuple(hears)
        self.timers = tuple(timers)
        self.api = () if api is None else (api,) if isinstance(api, APIRouter) else tuple(api)
        self.start = start
        self.dress = dress
        self.package = package or name
        self.recalls = tuple(recalls)
        self.never_accepted = tuple(never_accepted)
        self.topics = TopicMap(name, topics)
        self._must_agree_with_the_map()

    def hearing_of(self, topic: str) -> Hearing | None:
        return next((hearing for hearing in self.hears if hearing.matches(topic)), None)

    def main(self) -> None:
        """The command line: ``python -m <service> run|migrate|settings|recover``."""
        from chassis.command import main

        main(self)

    def _must_agree_with_the_map(self) -> None:
        for hearing in self.hears:
            for name in hearing.topics:
                topic = self.topics.named(name)
                if topic is None or self.name not in topic.hears:
                    raise LookupError(f"{self.name} does not hear {name} in the map")
                strangers = [message.__name__ for message in hearing.on if message not in topic.messages]
                if strangers:
                    raise LookupError(f"{name} does not carry {', '.join(strangers)}")
