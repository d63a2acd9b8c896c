"""The packs that a service goes by: every directory of a directory, each fit, read once at its start."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from throughline.packs.lint import problems_of
from throughline.packs.load import load_pack
from throughline.packs.model import Pack

Packs = Mapping[tuple[str, int], Pack]
"""By id and version. A version never changes once it is used."""
NO_PACKS: Packs = {}


class PackUnfit(ValueError):
    """A pack of the directory has something missing; the service does not start with it."""


def load_packs(folder: Path | None) -> Packs:
    """The packs of a directory of directories, by id and version. Raises PackUnfit."""
    packs: dict[tuple[str, int], Pack] = {}
    for path in sorted(folder.iterdir()) if folder is not None else ():
        if not path.is_dir():
            continue
        problems = problems_of(path)
        if problems:
            raise PackUnfit(f"{path.name}: {'; '.join(problems)}")
        pack = load_pack(path)
        key = (pack.header.id, pack.header.version)
        if key in packs:
            raise PackUnfit(f"{path.name}: another directory holds {key[0]} version {key[1]}")
        packs[key] = pack
    return packs
