"""A zip of catalogue files as a browser sends it: bounded before it is unpacked, and plain text alone. Pure."""

from __future__ import annotations

import io
import zipfile
import zlib

from throughline.rule_sets import CHARACTERS_MAX, FILES_MAX, RuleFile

ZIP_BYTES_MAX = 1_000_000
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Of the others zipfile unpacks a piece whole, whatever it is asked for: a thousand bytes of bzip2 are gigabytes."""


class NotACatalogue(Exception):
    """``why``: the key of a sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def files_of_zip(content: bytes) -> dict[str, str]:
    """The text of each .toml file by its name, wherever in the zip it stands. Raises NotACatalogue."""
    if len(content) > ZIP_BYTES_MAX:
        raise NotACatalogue("rules.zip_large")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _unpacked(archive)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError):
        raise NotACatalogue("rules.zip_bad") from None


def _unpacked(archive: zipfile.ZipFile) -> dict[str, str]:
    found: dict[str, str] = {}
    left = CHARACTERS_MAX
    entries = [one for one in archive.infolist() if one.filename.endswith(".toml") and not one.is_dir()]
    if not entries:
        raise NotACatalogue("rules.zip_empty")
    if len(entries) > FILES_MAX:
        raise NotACatalogue("rules.zip_large")
    if any(entry.compress_type not in METHODS for entry in entries):
        raise NotACatalogue("rules.zip_bad")
    for entry in entries:
        name = entry.filename.rpartition("/")[2]
        with archive.open(entry) as opened:
            content = opened.read(left + 1)  # what an entry says of its size is not believed
        left -= len(content)
        if left < 0:
            raise NotACatalogue("rules.zip_large")
        if name in found:
            raise NotACatalogue("rules.zip_twice")
        try:
            found[name] = RuleFile(name=name, text=content.decode("utf-8")).text
        except ValueError:  # not UTF-8, empty, or no plain name
            raise NotACatalogue("rules.zip_file") from None
    return found
