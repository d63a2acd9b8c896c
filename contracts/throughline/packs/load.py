"""Read a pack's directory. Pure but for the reading: the same bytes make the same pack and the same hash."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from throughline.message import field_problems
from throughline.packs.model import Pack

FILES = ("pack", "fields", "facts", "attachments", "reasons", "parameters", "prices")
FOLDERS = ("rules", "wording", "examples")
FILE_BYTES_MAX = 1_000_000


class PackBreach(ValueError):
    """The directory is not a pack; ``problems`` says all that is wrong with it, each a sentence naming its file."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def load_pack(folder: Path) -> Pack:
    """The pack of a directory. Raises PackBreach with every file that cannot be read and every field at fault."""
    problems: list[str] = []
    read = {name: _toml(folder / f"{name}.toml", problems) for name in FILES}
    folders: dict[str, dict[str, Any]] = {
        name: {path.stem: _toml(path, problems) for path in sorted((folder / name).glob("*.toml"))}
        for name in FOLDERS
    }
    known = {f"{name}.toml" for name in FILES} | {"README.md"}
    for path in sorted(folder.glob("*")):
        if path.is_file() and path.name not in known:
            problems.append(f"{path.name}: no file of a pack has that name")
    if problems:
        raise PackBreach(problems)
    parts = {
        "header": read["pack"],
        "steps": read["fields"].get("step", []),
        "fields": read["fields"].get("field", []),
        "facts": read["facts"].get("fact", []),
        "attachments": read["attachments"].get("attachment", []),
        "reasons": read["reasons"].get("reason", []),
        "rules": [
            rule for name in sorted(folders["rules"]) for rule in folders["rules"][name].get("rule", [])
        ],
        "parameters": read["parameters"].get("parameter", []),
        "prices": read["prices"],
        "wording": folders["wording"],
        "examples": folders["examples"],
    }
    try:
        return Pack.model_validate_json(json.dumps(parts, default=str))
    except ValidationError as error:
        raise PackBreach([f"{where}: {said}" for where, _, said in field_problems(error)]) from None


def _toml(path: Path, problems: list[str]) -> dict[str, Any]:
    where = path.name if path.stem in FILES else f"{path.parent.name}/{path.name}"
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            problems.append(f"{where}: larger than {FILE_BYTES_MAX:,} bytes")
            return {}
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        problems.append(f"{where}: missing")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{where}: not TOML: {error}")
    return {}
