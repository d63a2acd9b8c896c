"""Is it JSON that may be looked at? Bytes in, one object out, or the reason why not, in bounded time and memory.

Called only where the quick way (``untrusted.read``) did not settle it. Every step is linear in the bytes, and what is
expensive per item comes after the items were counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from throughline.reasons import Reason

DEPTH_MAX = 32
ITEMS_MAX = 5_000
"""Fields and elements of one message. The widest claim of the contract has about 900; a form of 300 rows fits."""
DIGITS_MAX = 25

_BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
# Possessive, and an unterminated string matches to the end: no input makes it look at a byte twice.
_STRING = re.compile(rb'"(?:[^"\\]+|\\.)*+(?:"|\\?\Z)', re.DOTALL)
_LONG_NUMBER = re.compile(rb"[0-9]{%d}" % (DIGITS_MAX + 1))
_ALL_BUT_BRACKETS = bytes(sorted(set(range(256)) - set(b"[]{}")))


def parse(value: bytes) -> dict[str, Any] | Reason:
    """The one JSON object that the bytes are, each key once; or why they are not, in the documented order."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return Reason.ENCODING
    if value.startswith(_BYTE_ORDER_MARKS) or b"\x00" in value:
        return Reason.ENCODING
    if _beyond_limits(value):
        return Reason.LIMITS
    repeated: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            repeated.append("")
        return found

    try:
        parsed = json.loads(text, object_pairs_hook=once)
    except ValueError:
        return Reason.UNDECODABLE
    if not isinstance(parsed, dict):
        return Reason.SHAPE
    if "\\u" in text and any(_unstorable(string) for string in _strings(parsed)):
        return Reason.ENCODING
    return Reason.DUPLICATE_KEY if repeated else parsed


def _beyond_limits(value: bytes) -> bool:
    bare = _STRING.sub(b"", value)
    if bare.count(b",") + bare.count(b":") + bare.count(b"[") + bare.count(b"{") > ITEMS_MAX:
        return True
    if _LONG_NUMBER.search(bare):
        return True
    depth = 0
    for bracket in bare.translate(None, _ALL_BUT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > DEPTH_MAX:
            return True
    return False


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _unstorable(string: str) -> bool:
    """NUL and lone surrogates: JSON can spell them, UTF-8 and PostgreSQL cannot hold them."""
    return any(char == "\x00" or "\ud800" <= char <= "\udfff" for char in string)
