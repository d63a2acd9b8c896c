"""In which of a pack's languages a person reads its form: as chosen on it, as the account says, as the browser asks."""

from __future__ import annotations

from collections.abc import Sequence

from babel import Locale

from portal.texts import ENGLISH

COOKIE = "form-language"
"""What the person chose on a form. It names a language and nobody."""


def language_of(spoken: Sequence[str], chosen: str | None, account: str, accept: str) -> str:
    """One of the pack's languages. The account's counts where somebody set one: English is what every account begins
    with. ``accept`` is the browser's ``Accept-Language``; the pack's first language is the last resort.

    >>> language_of(("en", "es"), None, "en", "es-MX,es;q=0.9,en;q=0.8")
    'es'
    """
    if chosen in spoken and chosen is not None:
        return chosen
    if account != ENGLISH and account in spoken:
        return account
    return next((one for one in asked_for(accept) if one in spoken), spoken[0])


def asked_for(accept: str) -> list[str]:
    """The languages of an ``Accept-Language`` header, the most wanted first; what is not read is left out."""
    found: list[tuple[float, str]] = []
    for part in accept[:500].split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            wanted = float(quality) if quality else 1.0
        except ValueError:
            continue
        language = tag.strip().partition("-")[0].lower()
        if language.isalpha() and 0 < wanted <= 1:
            found.append((wanted, language))
    return [language for _, language in sorted(found, key=lambda one: -one[0])]


def name_of(language: str) -> str:
    """As its speakers call it."""
    return str(Locale.parse(language).get_display_name(language) or language)
