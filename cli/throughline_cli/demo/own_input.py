"""A folder of one's own, laid out as the demo feeds it: every file is sent, or listed with why it is not."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sample_input.feed import PHASES

from throughline.reference import PartnerRegistered
from throughline_cli.errors import Problem

PARTNER = "input"
X12_SUFFIXES = {".837", ".edi", ".x12", ".txt", ".dat"}


@dataclass
class OwnInput:
    """Where it was laid out, and the files that are nothing we read."""

    root: Path
    not_read: list[tuple[str, str]] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    """By the name under which a file is fed, the name that its owner knows."""
    calls: list[tuple[str, int]] = field(default_factory=list)
    """The file and line of each call, in the order in which they are sent."""

    def known_as(self, sent: str, position: int) -> tuple[str, int]:
        """A file or line as its owner knows it."""
        if sent.endswith(f"/http/{PARTNER}.jsonl") and position <= len(self.calls):
            return self.calls[position - 1]
        return self.files.get(sent, sent), position


def is_laid_out(folder: Path) -> bool:
    """Whether a folder is as `sample_input` writes it."""
    return (folder / PHASES[0]).is_dir()


def lay_out(source: Path, root: Path) -> OwnInput:
    """Nothing is copied but reference data: files are linked to where they lie. Raises Problem."""
    _require_readable(source, root)
    shutil.rmtree(root, ignore_errors=True)
    if is_laid_out(source):
        shutil.copytree(source, root)
        return OwnInput(root)
    own = OwnInput(root)
    _reference(source / "reference", root / "reference")
    files, http = root / PHASES[0] / "files" / PARTNER, root / PHASES[0] / "http"
    files.mkdir(parents=True)
    http.mkdir(parents=True)
    calls: list[dict[str, Any]] = []
    for path in sorted(path for path in source.rglob("*") if not path.is_dir()):
        name = str(path.relative_to(source))
        if name.startswith("reference/") or any(
            part.startswith(".") for part in path.relative_to(source).parts
        ):
            continue
        kind = _kind(path)
        if kind == "json":
            calls += _calls(path, name, own)
        elif kind in ("837p", "csv"):
            link = files / _flat(name, kind)
            link.symlink_to(path.resolve())
            own.files[str(link.relative_to(root))] = name
        else:
            own.not_read.append((name, kind))
    with (http / f"{PARTNER}.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(call) + "\n" for call in calls)
    if not calls and not any(files.iterdir()):
        because = f" ({own.not_read[0][0]}: {own.not_read[0][1]})" if own.not_read else ""
        raise Problem(
            f"{source} holds no 837P, CSV or JSON file that can be read{because}.",
            "Give the folder that holds them.",
        )
    own.calls = [(call["file"], call["line"]) for call in calls]
    return own


def _require_readable(source: Path, root: Path) -> None:
    if not source.exists():
        raise Problem(f"There is no folder {source}.", "Give a folder of 837P, CSV and JSON files.")
    if not source.is_dir():
        raise Problem(f"{source} is not a folder.", "Give the folder that holds the files.")
    try:
        next(source.iterdir(), None)
    except OSError as error:
        raise Problem(f"{source} cannot be read: {error.strerror}.", "Let this user read it.") from None
    given, made = source.resolve(), root.resolve()
    if given == made or made in given.parents or given in made.parents:
        raise Problem(
            f"The demo lays its input out in {root}, and would remove what lies there of {source}.",
            "Copy the files to a folder of their own, or name another folder with --out.",
        )


def _reference(source: Path, target: Path) -> None:
    if source.is_dir():
        try:
            shutil.copytree(source, target)
        except (OSError, shutil.Error):
            raise Problem(f"{source} cannot be read whole.", "Let this user read every file in it.") from None
    else:
        target.mkdir(parents=True)
    key = f"input-{secrets.token_urlsafe(24)}"
    partner = PartnerRegistered(
        partner=PARTNER,
        version=1,
        name="The input folder",
        api_key_sha256=hashlib.sha256(key.encode()).hexdigest(),
    )
    _append(target / "partners.jsonl", partner.model_dump_json())
    _append(target / "api-keys.jsonl", json.dumps({"partner": PARTNER, "api_key": key}))


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def _kind(path: Path) -> str:
    """What a file is by its first bytes and its name; else why it is not read."""
    if not path.is_file():
        return "not a file: a link that leads nowhere, or a device"
    try:
        with path.open("rb") as file:
            head = file.read(512).lstrip(b"\xef\xbb\xbf \r\n\t")
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if head.startswith(b"ISA"):
        return "837p"
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return "csv"
    if suffix in (".json", ".jsonl"):
        return "json"
    if suffix in X12_SUFFIXES and suffix != ".txt":
        return "837p"
    return "neither 837P, CSV nor JSON by its first bytes and its name"


def _flat(name: str, kind: str) -> str:
    """One name for a path, with the suffix that says what it is sent as."""
    flat = name.replace("/", "__")
    return flat if flat.lower().endswith(".csv" if kind == "csv" else ".837") else f"{flat}.{kind[:3]}"


def _calls(path: Path, name: str, own: OwnInput) -> list[dict[str, Any]]:
    """One call for each message: a SubmitRequest, or a bare request, of a file or of each of its lines."""
    text = path.read_text("utf-8", "replace")
    try:
        bodies = (
            [json.loads(line) for line in text.splitlines() if line.strip()]
            if path.suffix == ".jsonl"
            else []
        )
        bodies = bodies or [json.loads(text)]
    except ValueError:
        own.not_read.append((name, "not JSON"))
        return []
    calls = []
    for position, body in enumerate(bodies, start=1):
        if isinstance(body, dict) and "request" not in body and "payee" in body and "lines" in body:
            body = {"request": body}
        key = hashlib.sha256(f"{name} {position}".encode()).hexdigest()
        calls.append(
            {"idempotency_key": key, "message": "SubmitRequest", "body": body, "file": name, "line": position}
        )
    return calls
