"""Sends a folder's phase over all channels at once: Kafka records, HTTP calls, files."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import httpx

from throughline.flow import INTAKE
from throughline.identifiers import NAMESPACE
from throughline_cli.demo.reference import read_lines
from throughline_cli.demo.sent import SentLog
from throughline_cli.errors import Problem
from throughline_cli.speaking import Speaker

CALLERS = 8
Advance = Callable[[str, int], None]
"""Hears the channel and how many more were sent by it."""
RETRIED = {500, 502, 503, 504}


@dataclass
class Feeder:
    """One partner's way in is its API key, or its topic."""

    bootstrap: str
    intake_url: str
    api_keys: dict[str, str]
    sent: SentLog
    advance: Advance
    before_each: Callable[[], None] = lambda: None
    """Called before every record, call and file."""
    urls: tuple[str, ...] = ()
    """More addresses of intake, tried in turn where one does not answer."""
    _stopping: threading.Event = field(default_factory=threading.Event)

    def feed(self, root: Path, phase: str) -> None:
        """Everything of the phase, and returns when all of it was taken. Raises Problem."""
        self._attachments(root / phase / "attachments")
        jobs: list[Callable[[], None]] = [lambda: self._kafka(root, phase)]
        jobs += [partial(self._calls, root, path) for path in sorted((root / phase / "http").glob("*.jsonl"))]
        jobs.append(lambda: self._files(root, phase))
        with ThreadPoolExecutor(len(jobs)) as pool:
            try:
                for future in [pool.submit(job) for job in jobs]:
                    future.result()
            except BaseException:
                self._stopping.set()
                raise

    def _next(self) -> None:
        """Before every record, call and file. Raises Problem where another channel failed, or Ctrl-C was pressed."""
        if self._stopping.is_set():
            raise Problem("Sending was stopped.")
        self.before_each()

    def _attachments(self, folder: Path) -> None:
        """Before the requests that name them. Sent again they are the same."""
        with httpx.Client(timeout=60) as client:
            for path in sorted(folder.glob("*/*.pdf")):
                content = path.read_bytes()
                answer = self._post(
                    client, "/v1/attachments", path.parent.name, path.name, "application/pdf", content
                )
                if answer.status_code not in (200, 201):
                    raise Problem(f"{path.name} was not taken: {_reason(answer)}.")

    def _kafka(self, root: Path, phase: str) -> None:
        with Speaker(self.bootstrap) as speaker:
            for path in sorted((root / phase / "kafka").glob("*.jsonl")):
                topic = INTAKE.of(path.stem)
                name = str(path.relative_to(root))
                for position, line in enumerate(read_lines(path), start=1):
                    self._next()
                    self._record(speaker, topic, name, position, line)

    def _record(self, speaker: Speaker, topic: str, name: str, position: int, line: dict[str, Any]) -> None:
        headers = {"ce_time": datetime.now(UTC).isoformat(), **line["headers"]}
        value = line.get("value")
        content = (
            base64.b64decode(line["value_base64"]) if "value_base64" in line else value and value.encode()
        )
        if value == "":
            content = b""

        def delivered(partition: int, offset: int) -> None:
            self.sent.records[topic, partition, offset] = (name, position)
            self.advance("kafka", 1)

        key = line.get("key")
        pairs = [(header, text.encode()) for header, text in headers.items()]
        speaker.send(topic, content, None if key is None else key.encode(), pairs, delivered)

    def _calls(self, root: Path, path: Path) -> None:
        name = str(path.relative_to(root))
        lines = list(enumerate(read_lines(path), start=1))
        local = threading.local()

        def call(numbered: tuple[int, dict[str, Any]]) -> None:
            position, line = numbered
            self._next()
            if not hasattr(local, "client"):
                local.client = httpx.Client(timeout=60)
            content = json.dumps(line["body"]).encode()
            answer = self._post(
                local.client, "/v1/requests", path.stem, line["idempotency_key"], "application/json", content
            )
            receipt = _receipt(answer)
            if receipt is None:
                self.sent.refused_calls[name, position] = _reason(answer)
            else:
                self.sent.receipts[receipt] = (name, position)
            self.advance("http", 1)

        with ThreadPoolExecutor(CALLERS) as pool:
            list(pool.map(call, lines))

    def _files(self, root: Path, phase: str) -> None:
        with httpx.Client(timeout=120) as client:
            for path in sorted(path for path in (root / phase / "files").glob("*/*") if path.is_file()):
                self._next()
                self.send_file(client, path, str(path.relative_to(root)), path.parent.name)

    def send_file(self, client: httpx.Client, path: Path, name: str, partner: str) -> dict[str, Any]:
        """One file, until every claim of it is answered. Gives what intake says of it."""
        content = path.read_bytes()
        kind = "text/csv" if path.suffix.lower() == ".csv" else "application/edi-x12"
        key = str(uuid5(NAMESPACE, f"file {name}"))
        answer = self._post(client, "/v1/files", partner, key, kind, content)
        receipt = _receipt(answer)
        if receipt is None:
            raise Problem(f"{name} was not taken: HTTP {answer.status_code}, {answer.text[:200]}.")
        self.sent.receipts[receipt] = (name, None)
        before = 0
        for shown in self._progress(client, receipt, partner):
            self.advance("files", shown["answered"] - before)
            before = shown["answered"]
        if shown["problems"]:
            self.sent.file_problems[name] = [
                (one["reason"], one.get("field") or "", one.get("detail") or "") for one in shown["problems"]
            ]
        return dict(shown)

    def _progress(self, client: httpx.Client, receipt: UUID, partner: str) -> Iterator[dict[str, Any]]:
        headers = {"authorization": f"Bearer {self.api_keys[partner]}"}
        while True:
            shown = self._patiently(
                lambda url: client.get(f"{url}/v1/files/{receipt}", headers=headers)
            ).json()
            yield shown
            if self._stopping.is_set() or shown["state"] in ("done", "read", "answered", "refused"):
                return
            time.sleep(0.1)

    def _post(
        self, client: httpx.Client, path: str, partner: str, key: str, kind: str, content: bytes
    ) -> httpx.Response:
        if partner not in self.api_keys:
            raise Problem(
                f"There is no API key for the partner '{partner}'.", "Add it to reference/api-keys.jsonl."
            )
        headers = {
            "authorization": f"Bearer {self.api_keys[partner]}",
            "idempotency-key": key,
            "content-type": kind,
        }
        return self._patiently(lambda url: client.post(f"{url}{path}", content=content, headers=headers))

    def _patiently(self, ask: Callable[[str], httpx.Response]) -> httpx.Response:
        """A call again and again, with the same key, while intake is away: the same key counts once."""
        urls = (self.intake_url, *self.urls)
        deadline = time.monotonic() + 180
        turn = 0
        while True:
            try:
                answer = ask(urls[turn % len(urls)])
                if answer.status_code not in RETRIED:
                    return answer
                trouble = f"HTTP {answer.status_code}"
            except httpx.HTTPError as error:
                trouble = type(error).__name__
            turn += 1
            if time.monotonic() > deadline or self._stopping.is_set():
                raise Problem(f"Intake at {self.intake_url} does not answer: {trouble}.")
            time.sleep(0.2)


def _reason(answer: httpx.Response) -> str:
    """The reason of a problem body, else its title, else the status."""
    try:
        body = answer.json()
        return str(body.get("reason") or body["title"])
    except (ValueError, KeyError, AttributeError):
        return f"HTTP {answer.status_code}"


def _receipt(answer: httpx.Response) -> UUID | None:
    try:
        return UUID(answer.json()["receipt_id"])
    except (ValueError, KeyError, TypeError):
        return None
