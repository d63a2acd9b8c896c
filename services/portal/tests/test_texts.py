"""All words stand in the catalogue: none in a template, none missing, every language whole."""

from __future__ import annotations

import re

import pytest

from portal.templates import FOLDER
from portal.texts import catalogue, languages, plural_form, text

TEMPLATES = sorted(FOLDER.rglob("*.html"))
SOURCES = sorted(FOLDER.parent.rglob("*.py"))
KEY = re.compile(
    r"""(?:\bt\(|redirect_with\([^,]+, |leave_notice\([^,]+, [^,]+, )\s*["']([a-z_]+\.[a-z_0-9]+)["']"""
)


def words_in(template: str) -> str:
    """What a template says by itself."""
    bare = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", " ", template, flags=re.DOTALL)
    bare = re.sub(r"<!.*?>|<[^>]*>", " ", bare, flags=re.DOTALL)
    return " ".join(re.findall(r"[A-Za-z]{2,}", re.sub(r"&[a-z]+;", " ", bare)))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_word_stands_in_a_template(path: object) -> None:
    assert words_in(path.read_text(encoding="utf-8")) == ""  # type: ignore[attr-defined]


def test_a_word_in_a_template_is_seen() -> None:
    assert words_in("<p>{{ t('a.b') }} and <b>more</b></p>") == "and more"


@pytest.mark.parametrize("path", [*TEMPLATES, *SOURCES], ids=lambda path: path.name)
def test_every_text_that_is_asked_for_is_there(path: object) -> None:
    wanted = set(KEY.findall(path.read_text(encoding="utf-8")))  # type: ignore[attr-defined]
    whole = {key for key in wanted if not key.endswith("_")}  # `t("errors.title_" ~ kind)` is put together
    assert whole - set(catalogue("en")) == set()
    assert all(any(key.startswith(start) for key in catalogue("en")) for start in wanted - whole)


@pytest.mark.parametrize("language", languages())
def test_every_language_is_whole(language: str) -> None:
    assert set(catalogue("en")) - set(catalogue(language)) == set()


def test_texts_count() -> None:
    assert plural_form("en", 1) == "one" and plural_form("en", 0) == "other"
    with pytest.raises(KeyError):
        text("en", "home.never_written", {})
    assert text("xx", "home.title", {}) == text("en", "home.title", {})
