"""Files that wait: looked through once for their form, then decided some claims at a time, each chunk a transaction.

Nothing of a file that is not whole is taken in. A process that dies leaves its file to the next one, which goes on
after the last claim that was answered.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, cast

from chassis import Context
from intake import claims_csv
from intake.answering import Answered, refused
from intake.arrival import Arrival, request_id_in
from intake.breaches import in_order, problem
from intake.file_claims import FileClaim, FileReading
from intake.files import (
    TakenOver,
    WaitingFile,
    finish,
    lock_progress,
    next_file,
    spool_file,
    store_claims,
)
from intake.on_file_claim import claim, unreadable_claim
from intake.receive import say_all, with_retries
from intake.repository import load_book, store_book
from intake.signed_files import for_payee, report_refused, signer_of_file
from intake.untrusted import Breach, Reading, Understood, body_hash_of, implausible
from intake.x12 import claim_837
from throughline.answers import Receipt
from throughline.reasons import Reason
from throughline.requests import SubmitRequest

SPOOL_BYTES = 1_000_000
READERS = {"837p": claim_837.read_claims, "csv": claims_csv.read_claims}
NO_HASH = bytes(16)


async def read_waiting_files(context: Context) -> None:
    """Read every file that waits and that no other replica reads."""
    while (file := await next_file(context.pool, context.settings.file_lease_s)) is not None:
        try:
            await _read(file, context)
        except TakenOver:
            continue


async def _read(file: WaitingFile, context: Context) -> None:
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as spool:
        await spool_file(context.pool, file.receipt_id, spool)
        reading: FileReading = await asyncio.to_thread(READERS[file.format], cast(BinaryIO, spool))
        left: Iterator[FileClaim] = islice(reading.claims, file.answered, None)
        answered, count = file.answered, reading.claim_count
        if count == 0:
            left, count = iter([FileClaim(1, None, "the file", None, reading.problems)][file.answered :]), 1
        size = context.settings.file_claims_per_transaction
        while chunk := await asyncio.to_thread(lambda: list(islice(left, size))):
            answered = await _answer_chunk(file, chunk, answered, count, context)
        await finish(context.pool, file.receipt_id, reading.claim_count, reading.problems)


async def _answer_chunk(
    file: WaitingFile, chunk: list[FileClaim], answered: int, count: int, context: Context
) -> int:
    async def once() -> int:
        arrivals = [_arrival(file, one) for one in chunk]
        async with context.transaction() as transaction:
            await lock_progress(transaction.db, file.receipt_id, answered)
            book = await load_book(transaction.db, arrivals, context.clock.today())
            partner = book.partners.get(file.partner)
            signer = await signer_of_file(transaction.db, file)
            pairs: list[tuple[Arrival, Answered]] = []
            for arrival, one in zip(arrivals, chunk, strict=True):
                arrival.signer = for_payee(signer, one.request)
                if isinstance(arrival.signer, Reason):
                    told = refused(
                        arrival, (problem(arrival.signer, "request.payee"),), book, number=one.number
                    )
                elif isinstance(arrival.reading, Breach) or one.request is None or partner is None:
                    arrival.reading = _breach(arrival.reading, partner is None)
                    told = unreadable_claim(arrival, arrival.reading.problems, one.number, book)
                else:
                    told = claim(arrival, one.request, partner, book)
                pairs.append((arrival, told))
            await store_book(transaction.db, book)
            reached = await store_claims(transaction.db, file, pairs, count, context.settings.file_lease_s)
            say_all(transaction, pairs)
        report_refused(file, [arrival for arrival, _ in pairs])
        return reached

    return await with_retries(once)


def _arrival(file: WaitingFile, one: FileClaim) -> Arrival:
    reading: Reading = Breach(one.problems, NO_HASH, one.number)
    if one.request is not None:
        command = SubmitRequest.model_construct(request=one.request)
        problems = implausible(command)
        reading = (
            Breach(in_order(problems), NO_HASH) if problems else Understood(command, body_hash_of(command))
        )
    return Arrival(
        partner=file.partner,
        channel=file.format,
        reading=reading,
        value=b"",
        id_key=None,
        receipt=Receipt(receipt_id=file.receipt_id, position=one.position),
        request_id=request_id_in(file.partner, one.request) if one.request is not None else None,
    )


def _breach(reading: Reading, nobody: bool) -> Breach:
    """Why a claim is refused unread; ``nobody`` where its partner was closed since the file came."""
    if isinstance(reading, Breach) and not nobody:
        return reading
    return Breach((problem(Reason.UNREGISTERED_PARTNER),), NO_HASH)
