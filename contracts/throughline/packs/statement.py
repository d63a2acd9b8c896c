"""What a pack's plain remittance says of one request: its words in all languages, initials, chosen fields. Pure.

The values shown here are personal: they travel as ``Sensitive``, and stand in the payee's document alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from throughline.packs.form import Values
from throughline.packs.model import Pack
from throughline.packs.price import Adjusted
from throughline.packs.wording import Wording
from throughline.programmes import BankEntry, Explained, PlainStatement, ShownField, Words
from throughline.sensitive import Sensitive


def bank_entry(pack: Pack) -> BankEntry:
    """The bank entry that pays what the pack prices."""
    said = pack.header.payment
    return BankEntry(rail=said.rail, description=said.description)


def plain_statement(pack: Pack, values: Values, adjusted: Iterable[Adjusted] = ()) -> PlainStatement | None:
    """None where the pack asks for an 835. ``values`` of the form, the personal among them."""
    said = pack.header.remittance
    if said.form != "plain":
        return None
    initials = initials_of([str(values[name]) for name in said.initials_of if name in values])
    return PlainStatement(
        heading=_words(pack, lambda words: words.remittance["heading"]),
        charged=_words(pack, lambda words: words.amounts["charge"]),
        adjusted=_words(pack, lambda words: words.remittance["adjusted"]),
        paid=_words(pack, lambda words: words.remittance["paid"]),
        subject=_words(pack, lambda words: words.remittance["subject"]),
        paid_on=_words(pack, lambda words: words.remittance["paid_on"]),
        trace=_words(pack, lambda words: words.remittance["trace"]),
        total=_words(pack, lambda words: words.remittance["total"]),
        initials=Sensitive(initials) if initials else None,
        shown=tuple(
            [
                ShownField(label=label_of(pack, name), value=Sensitive(str(values[name])))
                for name in said.shows
                if str(values.get(name, ""))
            ]
        ),
        explained=tuple(
            [Explained(why=_amount(pack, one.id), amount_cents=one.cents) for one in adjusted if one.cents]
        ),
    )


def initials_of(names: Iterable[str]) -> str:
    """
    >>> initials_of(["Ana María", "Example"])
    'A. E.'
    """
    return " ".join([f"{name.strip()[0].upper()}." for name in names if name.strip()])


def label_of(pack: Pack, field: str) -> Words:
    """What people read at a field, by language."""
    return _words(pack, lambda words: words.fields[field].label)


def _amount(pack: Pack, name: str) -> Words:
    return _words(pack, lambda words: words.amounts[name])


def _words(pack: Pack, of: Callable[[Wording], str]) -> Words:
    return {language: of(pack.wording[language]) for language in pack.header.languages}
