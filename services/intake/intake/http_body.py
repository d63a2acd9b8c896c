"""The body of an HTTP request, taken with limits: so many bytes, so long a silence, so long in all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from fastapi import Request

from intake.http_problems import Problematic
from throughline.reasons import Reason


async def pieces(request: Request, *, bytes_max: int, wait_s: float, total_s: float) -> AsyncIterator[bytes]:
    """The body piece by piece. Raises Problematic 413 beyond ``bytes_max``, 408 where the sender is too slow."""
    told = request.headers.get("content-length")
    if told is not None and told.isdecimal() and int(told[:18]) > bytes_max:
        raise too_large(bytes_max)
    deadline = asyncio.get_running_loop().time() + total_s
    stream = request.stream().__aiter__()
    size = 0
    while True:
        left = deadline - asyncio.get_running_loop().time()
        try:
            piece = await asyncio.wait_for(anext(stream), min(wait_s, max(left, 0)))
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise Problematic(408, "timeout", "The body came too slowly.", close=True) from None
        size += len(piece)
        if size > bytes_max:
            raise too_large(bytes_max)
        yield piece


def too_large(bytes_max: int) -> Problematic:
    return Problematic(413, Reason.OVERSIZE, f"At most {bytes_max} bytes are accepted here.", close=True)
