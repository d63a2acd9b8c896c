"""A scanner behind its port: clamd as it speaks, what it finds, and what is done when it does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from test_attachment_content import EICAR

from intake.attachment_scan import ClamdScan, EicarScan, Scan, ScannerAway, new_scan

BAD = b"bad"


async def as_clamd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Judges by the bytes that came, as clamd(8) says."""
    assert await reader.readexactly(10) == b"zINSTREAM\x00"
    content = b""
    while size := int.from_bytes(await reader.readexactly(4), "big"):
        content += await reader.readexactly(size)
    writer.write(b"stream: Invented.Test FOUND\x00" if BAD in content else b"stream: OK\x00")
    writer.close()


async def as_full_clamd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(10)
    writer.write(b"INSTREAM size limit exceeded. ERROR\x00")
    writer.close()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(serve: Serve, socket: Path | None = None) -> AsyncIterator[str]:
    if socket is not None:
        server = await asyncio.start_unix_server(serve, socket)
        yield str(socket)
    else:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


async def verdict(scan: Scan, *pieces: bytes) -> bool:
    for piece in pieces:
        await scan.take(piece)
    return await scan.is_harmful()


@pytest.mark.parametrize(
    ("pieces", "harmful"),
    [((b"a", b"clean one"), False), ((b"ba", b"", b"d one"), True)],
    ids=["clean", "bad over two pieces"],
)
async def test_clamd_is_asked_piece_by_piece(
    pieces: tuple[bytes, ...], harmful: bool, tmp_path: Path
) -> None:
    for socket in (None, tmp_path / "clamd.sock"):
        async with listening(as_clamd, socket) as address:
            assert await verdict(ClamdScan(address, 5.0), *pieces) is harmful


@pytest.mark.parametrize("serve", [as_full_clamd, silent], ids=["cannot judge", "silent"])
async def test_no_answer_is_no_leave(serve: Serve) -> None:
    async with listening(serve) as address:
        with pytest.raises(ScannerAway):
            await verdict(ClamdScan(address, 0.2), b"anything")


async def test_a_scanner_that_is_not_there_is_away(tmp_path: Path) -> None:
    with pytest.raises(ScannerAway):
        await verdict(ClamdScan(str(tmp_path / "none"), 0.2), b"anything")


async def test_the_test_string_is_always_looked_for() -> None:
    assert [type(one) for one in new_scan(None, 1.0)] == [EicarScan]
    assert [type(one) for one in new_scan("clamd:3310", 1.0)] == [EicarScan, ClamdScan]
    assert await verdict(EicarScan(), EICAR[:20], EICAR[20:])
