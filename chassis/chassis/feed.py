"""Audit's feed: the long memory of every topic, for a receiver whose position lies before an expired log's head."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx

from chassis.log_check import LogTrouble
from chassis.settings import ServiceSettings

PAGE_RECORDS = 1_000
_TIMEOUT_S = 30.0


@dataclass(slots=True)
class FedRecord:
    """A record as the broker gave it to audit; stands in for the broker's."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Any
    timestamp: int
    timestamp_type: int


async def read_feed(
    settings: ServiceSettings, topic: str, partition: int, start: int, end: int
) -> AsyncIterator[list[FedRecord]]:
    """The records [start, end) in pages, without a hole.

    Raises LogTrouble where audit does not have them or does not let us in, ConnectionError where it does not answer.
    """
    assert settings.audit_feed_url is not None and settings.audit_feed_token is not None
    headers = {"Authorization": f"Bearer {settings.audit_feed_token.get_secret_value()}"}
    url = f"{settings.audit_feed_url.rstrip('/')}/{topic}/{partition}"
    async with httpx.AsyncClient(headers=headers, timeout=_TIMEOUT_S) as client:
        while start < end:
            params = {"offset": start, "limit": min(PAGE_RECORDS, end - start)}
            try:
                answer = await client.get(url, params=params)
            except httpx.HTTPError as error:
                raise ConnectionError(f"audit's feed does not answer ({type(error).__name__})") from None
            if answer.status_code >= 500:
                raise ConnectionError(f"audit's feed answers {answer.status_code}")
            if answer.status_code != 200:
                raise LogTrouble("feed_refused")
            page = [_record(topic, partition, line) for line in answer.text.splitlines()]
            if [one.offset for one in page] != list(range(start, start + len(page))) or not page:
                raise LogTrouble("feed_lacks_records")
            yield page
            start += len(page)


def _record(topic: str, partition: int, line: str) -> FedRecord:
    told = json.loads(line)
    if told["erased"]:
        raise LogTrouble("feed_lacks_records")
    return FedRecord(
        topic,
        partition,
        told["offset"],
        _bytes(told["key"]),
        _bytes(told["value"]),
        tuple((name, _bytes(value)) for name, value in told["headers"]),
        told["timestamp_ms"],
        told["timestamp_type"],
    )


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else b64decode(text)
