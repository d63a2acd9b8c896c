"""Bodies without end, too large, too slow, and requests that are not HTTP, against the running server."""

from __future__ import annotations

import json
import socket
import time
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from conftest import RunningIntake

HEAD = (
    b"POST %s HTTP/1.1\r\nHost: intake\r\nAuthorization: Bearer acme-key-0123456789\r\n"
    b"Idempotency-Key: %s\r\nContent-Type: application/json\r\n"
)


def reply(
    intake: RunningIntake, *pieces: bytes, repeat: bytes = b"", within_s: float = 20
) -> tuple[int, bytes]:
    """Send the pieces, then ``repeat`` until the server has enough; its status and answer."""
    with socket.create_connection(("127.0.0.1", intake.port), timeout=within_s) as line:
        for piece in pieces:
            line.sendall(piece)
        sent = 0
        try:
            while repeat and sent < 50_000_000:
                line.sendall(repeat)
                sent += len(repeat)
        except OSError:
            pass  # closed on us: that is the point
        received = b""
        deadline = time.monotonic() + within_s
        try:
            while time.monotonic() < deadline and (more := line.recv(65536)):
                received += more
        except OSError:
            pass
        assert not repeat or sent < 50_000_000, "the server reads without end"
    return int(received[9:12] or 0), received


def test_a_body_larger_than_the_route_takes_is_refused_unread(intake_running: RunningIntake) -> None:
    status, received = reply(
        intake_running, HEAD % (b"/v1/requests", b"w-1"), b"Content-Length: 10485760\r\n\r\n", b"{" * 1000
    )
    assert status == 413 and b"connection: close" in received.lower()


def test_chunks_without_end_are_cut_off(intake_running: RunningIntake) -> None:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    status, _ = reply(
        intake_running, HEAD % (b"/v1/requests", b"w-2"), b"Transfer-Encoding: chunked\r\n\r\n", repeat=chunk
    )
    assert status in (413, 0), "0: the connection was reset before the answer could be read"


def test_a_body_that_stops_is_a_timeout(intake_running: RunningIntake) -> None:
    begun = time.monotonic()
    status, received = reply(
        intake_running, HEAD % (b"/v1/files", b"w-3"), b"Content-Length: 100\r\n\r\n", b"{"
    )
    assert status in (408, 415) and b"problem+json" in received
    status, received = reply(
        intake_running, HEAD % (b"/v1/requests", b"w-4"), b"Content-Length: 100\r\n\r\n", b"{"
    )
    assert status == 408 and b"connection: close" in received.lower()
    assert time.monotonic() - begun < 15


def test_what_is_not_http_is_400(intake_running: RunningIntake) -> None:
    smuggled = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    status, _ = reply(intake_running, b"GET / HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n")
    assert status == 400
    status, _ = reply(intake_running, HEAD % (b"/v1/requests", b"w-5"), smuggled, within_s=5)
    assert status in (400, 408)


def test_one_request_over_the_wire(intake_running: RunningIntake) -> None:
    line = {
        "line_id": "1",
        "from_date": "2026-10-01",
        "to_date": "2026-10-01",
        "code": "99213",
        "units_thousandths": 1000,
        "charge_cents": 12050,
    }
    body: dict[str, Any] = {
        "number": "WIRE-1",
        "payer": "PAYER1",
        "payee": {"kind": "npi", "identifier": "1234567893", "tin": "123456789"},
        "subject": {"member_id": "M1", "last_name": "Doe"},
        "lines": [line],
        "total_cents": 12050,
        "currency": "USD",
    }
    headers = {
        "Authorization": "Bearer acme-key-0123456789",
        "Idempotency-Key": "w-6",
        "Content-Type": "application/json",
    }
    base = f"http://127.0.0.1:{intake_running.port}"
    first, again = (
        httpx.post(f"{base}/v1/requests", content=json.dumps({"request": body}), headers=headers)
        for _ in range(2)
    )
    assert (first.status_code, first.json()) == (201, again.json())
    assert httpx.get(base + first.headers["Location"], headers=headers).json()["number"] == "WIRE-1"
    assert httpx.get(base + first.headers["Location"]).status_code == 401
