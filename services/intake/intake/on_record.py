"""A record on a partner's topic. Whatever it holds it is answered once; the unreadable is parked too, bytes kept."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import asyncpg

from chassis import Context, RawRecord, Say
from intake.answering import answer
from intake.arrival import Arrival, arrival_of, partner_of
from intake.book import Book
from intake.registration import Registrations
from intake.repository import load_book, load_partners, store_book
from intake.signed_arrivals import identify, security_event
from intake.tally import Tally
from throughline.flow import ANSWERS
from throughline.reasons import Reason


class RecordsWork:
    """The records of one slice, read, and the book that decides about them."""

    def __init__(self, arrivals: dict[tuple[str, int, int], Arrival], book: Book) -> None:
        self.arrivals = arrivals
        self.book = book
        self.tally = Tally()

    @classmethod
    async def load(cls, db: asyncpg.Connection, heard: Sequence[Any], context: Context) -> RecordsWork:
        registrations: Registrations = context.resources.registrations
        partners = {partner_of(one.topic) for one in heard}
        registrations.must_be_known(partners, await load_partners(db, partners), time.monotonic())
        arrivals = {(one.topic, one.partition, one.offset): arrival_of(one) for one in heard}
        await identify(db, list(zip(heard, arrivals.values(), strict=True)), context)
        return cls(arrivals, await load_book(db, list(arrivals.values()), context.clock.today()))

    async def store(self, db: asyncpg.Connection) -> None:
        await store_book(db, self.book)
        self.tally.report()


def answer_record(record: RawRecord, work: RecordsWork, say: Say) -> None:
    """Nobody's topic: parked only, for there is nobody to answer; redriven once the partner is registered."""
    arrival = work.arrivals[record.topic, record.partition, record.offset]
    partner = work.book.partners.get(arrival.partner)
    if partner is None:
        say.park(record, Reason.UNREGISTERED_PARTNER)
        return
    if isinstance(arrival.signer, Reason):
        say.security_events.append(security_event(record, arrival.signer))
    answered = answer(arrival, partner, work.book)
    if answered.park is not None:
        say.park(record, answered.park)
    if answered.submission is not None:
        say(answered.submission, answered.key)
    say(answered.answer, answered.key, topic=ANSWERS.of(arrival.partner))
    work.tally.add(arrival.partner, answered.answer)
