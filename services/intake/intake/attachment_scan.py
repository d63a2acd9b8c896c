"""Whether what passes is harmful: the port behind which a scanner stands.

A scan is begun for each attachment, is handed every piece in order, and answers once the last one came. EICAR's test
string is always looked for here; a scanner of one's own looks beside it: clamd over TCP or a Unix socket (``CLAMD``).
Another one (an ICAP server, a cloud's) joins as one more class with these two methods in ``new_scan``. Where a scanner
that is set does not answer nothing is kept: what was not looked at is not taken in.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from intake.attachment_content import HarmSeen


class ScannerAway(Exception):
    """The scanner did not say yes or no."""


class Scan(Protocol):
    """One attachment as it passes."""

    async def take(self, piece: bytes) -> None:
        """Raises ScannerAway."""

    async def is_harmful(self) -> bool:
        """After the last piece. Raises ScannerAway."""


class EicarScan:
    """Finds the EICAR test string, anywhere."""

    def __init__(self) -> None:
        self._seen = HarmSeen()

    async def take(self, piece: bytes) -> None:
        self._seen.take(piece)

    async def is_harmful(self) -> bool:
        return self._seen.is_harmful


class ClamdScan:
    """clamd's INSTREAM (clamd(8)): pieces behind their length in four bytes, an empty one at the end; one line back.

    ``address`` is ``host:port``, or the path of a Unix socket. clamd's StreamMaxLength must be no less than
    ATTACHMENT_BYTES_MAX: what is larger it does not judge, and so it is not taken in.
    """

    def __init__(self, address: str, wait_s: float) -> None:
        self._address, self._wait_s = address, wait_s
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def take(self, piece: bytes) -> None:
        if piece:
            await self._send(len(piece).to_bytes(4, "big") + piece)

    async def is_harmful(self) -> bool:
        await self._send(bytes(4))
        assert self._streams is not None
        reader, writer = self._streams
        try:
            async with asyncio.timeout(self._wait_s):
                said = await reader.read(4_096)
        except (OSError, TimeoutError):
            raise ScannerAway("no answer") from None
        finally:
            writer.close()
        verdict = said.rstrip(b"\x00\r\n")
        if verdict.endswith(b" FOUND"):
            return True
        if verdict == b"stream: OK":
            return False
        raise ScannerAway("neither yes nor no")

    async def _send(self, content: bytes) -> None:
        try:
            async with asyncio.timeout(self._wait_s):
                if self._streams is None:
                    self._streams = await self._connect()
                    self._streams[1].write(b"zINSTREAM\x00")
                writer = self._streams[1]
                writer.write(content)
                await writer.drain()
        except (OSError, TimeoutError):
            raise ScannerAway("not reached") from None

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._address.startswith("/"):
            return await asyncio.open_unix_connection(self._address)
        host, _, port = self._address.rpartition(":")
        return await asyncio.open_connection(host, int(port))


def new_scan(clamd: str | None, wait_s: float) -> tuple[Scan, ...]:
    """Everything that looks at one attachment."""
    return (EicarScan(),) if clamd is None else (EicarScan(), ClamdScan(clamd, wait_s))
