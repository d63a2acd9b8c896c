"""What only a real socket shows: H11's slow body, H19's requests that two servers read differently, H24's oddities."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from unittest.mock import Mock

import pytest
from fastapi import FastAPI

from chassis import Context
from chassis.http import Server, build_app
from portal.app import service

HOST = b"Host: portal.example\r\n"
POST = b"POST /sign-in HTTP/1.1\r\n" + HOST + b"Origin: https://portal.example\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture
async def port(context: Context) -> AsyncIterator[int]:
    context.settings = context.settings.model_copy(update={"body_seconds_max": 0.3})
    app: FastAPI = build_app("portal", service.api, context, Mock(), service.dress)
    server = Server(app, "127.0.0.1", 0)
    task = await server.serve_in_background()
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await task


async def answers(port: int, sent: bytes) -> bytes:
    """Everything that the server says until it closes, or has nothing more to say."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    await writer.drain()
    found = b""
    try:
        async with asyncio.timeout(3):
            while chunk := await reader.read(65536):
                found += chunk
                if b"\r\n\r\n" in found and b"HTTP/1.1 200" not in found:
                    break
    except TimeoutError:
        pass
    writer.close()
    return found


def statuses(answer: bytes) -> list[bytes]:
    return [line.split(b" ")[1] for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


@pytest.mark.parametrize(
    "sent",
    [
        POST
        + FORM
        + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
        POST + FORM + b"Content-Length: 4\r\nContent-Length: 40\r\n\r\na=b&",
        POST + FORM + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + FORM + b"Content-Length: -4\r\n\r\na=b&",
        POST + FORM + b"Content-Length : 4\r\n\r\na=b&",
        b"GET / HTTP/1.1\r\n" + HOST + b"Host: evil.example\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b: c\nY: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: portal.example\rX: y\r\n\r\n",
        b"GET http://evil.example/ HTTP/9.9\r\n\r\n",
    ],
)
async def test_h19_what_two_servers_would_read_differently_is_refused(port: int, sent: bytes) -> None:
    found = statuses(await answers(port, sent))
    assert found and set(found) <= {b"400", b"421", b"501"}


async def test_h11_a_body_that_does_not_come_is_not_waited_for(port: int) -> None:
    answer = await answers(port, POST + FORM + b"Content-Length: 40\r\n\r\na=")
    assert statuses(answer) == [b"408"]
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    "header",
    [
        b"Range: bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(100)),
        b"Range: bytes=99999999-",
        b"Range: lines=1-2",
        b"Accept: image/x-nothing",
        b"Accept-Encoding: rot13, *;q=0",
        b"If-None-Match: *",
    ],
)
async def test_h24_odd_wishes_get_an_ordinary_answer(port: int, header: bytes) -> None:
    sent = b"GET /static/portal.css HTTP/1.1\r\n" + HOST + header + b"\r\nConnection: close\r\n\r\n"
    answer = await answers(port, sent)
    assert statuses(answer)[0] in (b"200", b"206", b"304", b"400", b"406", b"416")
    assert len(answer) < 100_000
