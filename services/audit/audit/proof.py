"""Checks an exported proof that a record is in the audit log. Needs nothing but Python: copy this one file anywhere.

    python -m audit.proof check proof.json --root 5dc9da79...

The proof is JSON. It names a record, its leaf, the size and root of a tree, and the hashes that lead from the leaf to
the root. Who holds that root from another day or another hand (a checkpoint sent by mail, a witness) knows by this
that the record was in the log then, byte for byte. The value may be left out, or erased: its salted hash
(`value_commitment`) still proves that the log holds it, and whoever has the bytes can show them with `--value` and the
salt. This file shares no code with the service, so it is also its second opinion.

Formats: the leaf as audit/leaves.py documents it; the tree of RFC 6962; bytes of the record in base64, hashes in hex.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FORMAT = "throughline-proof-1"


class ProofFails(Exception):
    """The proof does not show what it says; the text says where it breaks."""


def check(proof: dict[str, Any], root: str | None = None, value: bytes | None = None) -> str:
    """The root that the proof leads to, in hex. Raises ProofFails.

    `root` is the one that you trust; `value` are the record's bytes where the proof itself leaves them out.
    """
    try:
        if proof["format"] != FORMAT:
            raise ProofFails(f"this is not a {FORMAT}")
        leaf_hash = _sha256(b"\x00" + _leaf(proof["record"], value))
        path = [bytes.fromhex(each) for each in proof["path"]]
        index, size = int(proof["leaf_index"]), int(proof["tree"]["size"])
        claimed = str(proof["tree"]["root"])
    except (KeyError, TypeError, ValueError, AttributeError, struct.error) as error:
        raise ProofFails(f"the proof cannot be read: {type(error).__name__}") from None
    found = _climb(leaf_hash, index, size, path).hex()
    if found != claimed:
        raise ProofFails("the record and the path do not lead to the root in the proof")
    if root is not None and found != root.strip().lower():
        raise ProofFails("the proof is of another root than the one given")
    return found


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _leaf(record: dict[str, Any], value: bytes | None) -> bytes:
    topic: bytes = record["topic"].encode()
    topic_id = bytes.fromhex(record["topic_id"])
    leaf = b"\x01" + struct.pack(">H", len(topic)) + topic + struct.pack(">B", len(topic_id)) + topic_id
    leaf += struct.pack(">IQ", record["partition"], record["offset"])
    leaf += struct.pack(">qB", record["timestamp_ms"], record["timestamp_type"])
    leaf += _optional(record["key"]) + struct.pack(">I", len(record["headers"]))
    for name, content in record["headers"]:
        encoded = name.encode()
        leaf += struct.pack(">I", len(encoded)) + encoded + _optional(content)
    return leaf + _value_part(record, value)


def _optional(content: str | None) -> bytes:
    if content is None:
        return b"\x00"
    decoded = base64.b64decode(content, validate=True)
    return b"\x01" + struct.pack(">I", len(decoded)) + decoded


def _value_part(record: dict[str, Any], value: bytes | None) -> bytes:
    if record["value_commitment"] is None:
        if value is not None or record["value"] is not None:
            raise ProofFails("the record's value is null, and a value was given")
        return b"\x00"
    commitment = bytes.fromhex(record["value_commitment"])
    if value is None and record["value"] is not None:
        value = base64.b64decode(record["value"], validate=True)
    if value is not None:
        if record["salt"] is None:
            raise ProofFails("the salt was erased with the value: the value given cannot be compared")
        if _sha256(bytes.fromhex(record["salt"]) + value) != commitment:
            raise ProofFails("the value is not the one that the log holds")
    return b"\x01" + commitment


def _climb(leaf_hash: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """RFC 9162 2.1.3.2, told by ranges: the sibling of a range is what its parent holds beside it."""
    if not 0 <= index < size or any(len(each) != 32 for each in path):
        raise ProofFails("the leaf or the path does not fit the tree")
    turns = []
    start, stop = 0, size
    while stop - start > 1:
        half = 1
        while half * 2 < stop - start:
            half *= 2
        goes_left = index < start + half
        turns.append(goes_left)
        start, stop = (start, start + half) if goes_left else (start + half, stop)
    if len(turns) != len(path):
        raise ProofFails(f"the path has {len(path)} hashes, the tree needs {len(turns)}")
    node = leaf_hash
    for sibling, goes_left in zip(path, reversed(turns), strict=True):
        node = _sha256(b"\x01" + (node + sibling if goes_left else sibling + node))
    return node


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line. 0: proven, 1: not proven, 2: not understood."""
    parser = argparse.ArgumentParser(
        prog="python -m audit.proof", description="Check a proof without the service."
    )
    parser.add_argument("command", choices=["check"])
    parser.add_argument("file", type=Path, help="the exported proof")
    parser.add_argument("--root", help="the root hash that you trust, in hex")
    parser.add_argument(
        "--value", type=Path, help="a file with the record's value, where the proof leaves it out"
    )
    chosen = parser.parse_args(arguments)
    try:
        proof = json.loads(chosen.file.read_bytes())
        value = chosen.value.read_bytes() if chosen.value else None
    except (OSError, ValueError) as error:
        sys.stderr.write(f"cannot read the proof: {error}\n")
        return 2
    try:
        root = check(proof, chosen.root, value)
    except ProofFails as failure:
        sys.stderr.write(f"NOT proven: {failure}\n")
        return 1
    record = proof["record"]
    sys.stdout.write(
        f"Proven: {record['topic']}, partition {record['partition']}, offset {record['offset']} is leaf "
        f"{proof['leaf_index']} of the log of {proof['tree']['size']} leaves with root\n{root}\n"
    )
    if chosen.root is None:
        sys.stdout.write("Compare this root with one that you hold, or give it with --root.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
