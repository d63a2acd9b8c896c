"""What was found against a programme's form, in the words of its pack for the language of who reads it. Pure.

Validation says every finding in the pack's first language. A sentence that names a value which the form alone does not
give stays as validation said it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from portal.form_language import language_of
from throughline.packs.assess import filled_in
from throughline.packs.directory import Packs
from throughline.packs.facts import facts_of
from throughline.packs.form import faults_of_types
from throughline.packs.model import Pack
from throughline.packs.travel import form_of
from throughline.requests import PaymentRequest

Told = dict[str, Any]


def in_words_of_pack(
    findings: Sequence[Told],
    request: PaymentRequest | None,
    packs: Packs,
    chosen: str | None,
    account: str,
    accept: str,
) -> list[Told]:
    """Each finding, with ``language`` where it is told in another than the pack's first. ``chosen``, ``account`` and
    ``accept`` as ``language_of`` takes them."""
    form = None if request is None else request.form
    pack = None if form is None else packs.get((form.pack, form.pack_version))
    if pack is None or request is None:
        return list(findings)
    language = language_of(pack.header.languages, chosen, account, accept)
    if language == pack.header.languages[0]:
        return list(findings)
    return [_said(one, pack, request, language) for one in findings]


def _said(finding: Told, pack: Pack, request: PaymentRequest, language: str) -> Told:
    words = pack.wording[language]
    told = words.rules.get(finding["rule"]) or words.checks.get(finding["rule"])
    if told is None or request.form is None:
        return finding
    form = form_of(request.form)
    facts = {} if faults_of_types(pack, form) else facts_of(pack, form, {})
    message, fix = filled_in(told.message, facts), filled_in(told.fix, facts)
    if "{" in message + fix:
        return finding
    return {**finding, "message": message, "fix": fix, "language": language}
