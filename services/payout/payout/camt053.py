"""The bank's statement (ISO 20022 camt.053): what settled, entry by entry. Streamed; every sum is checked.

Any version of camt.053.001 is read, because the elements used have not moved between them. Amounts are exact cents.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from lxml import etree

_NAMESPACE = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.\d\d\}")
_AMOUNT = re.compile(r"(\d{1,12})(?:\.(\d{1,5}))?")
_TRACE = re.compile(r"[0-9]{15}")


class StatementRefused(Exception):
    """The statement cannot be trusted; nothing of it is posted. Carries no value of it."""

    def __init__(self, fault: str, field: str | None = None) -> None:
        super().__init__(f"statement refused: {fault}" + (f" in {field}" if field else ""))
        self.fault = fault
        self.field = field


@dataclass(frozen=True, slots=True)
class Movement:
    """One of our entries as the statement shows it: debited when it settled, credited when it came back."""

    trace: str
    cents: int
    is_debit: bool
    booked_on: date
    reference: str


def read_statement(content: bytes) -> list[Movement]:
    """Every movement, or StatementRefused: opening balance and movements must make the closing balance."""
    found: list[Movement] = []
    statements = 0
    try:
        events = etree.iterparse(
            io.BytesIO(content), events=("end",), resolve_entities=False, no_network=True, huge_tree=False
        )
        for _, element in events:
            if not isinstance(element.tag, str) or not _NAMESPACE.match(element.tag):
                raise StatementRefused("namespace")
            if _local(element) == "Stmt":
                statements += 1
                found += _statement(element)
                element.clear()
    except etree.XMLSyntaxError:
        raise StatementRefused("not_xml") from None
    if statements == 0:
        raise StatementRefused("no_statement")
    return found


def _statement(stmt: Any) -> list[Movement]:
    balances = {_text(one, "Tp/CdOrPrtry/Cd"): _signed(one) for one in _all(stmt, "Bal")}
    moved = 0
    found: list[Movement] = []
    for entry in _all(stmt, "Ntry"):
        signed = _signed(entry)
        moved += signed
        if _text(entry, "Sts/Cd") != "BOOK":
            raise StatementRefused("not_booked", "Sts")
        mine = list(_movements(entry))
        if sum(one.cents for one in mine) != abs(signed):
            raise StatementRefused("control", "Ntry")
        found += mine
    if {"OPBD", "CLBD"} <= balances.keys() and balances["OPBD"] + moved != balances["CLBD"]:
        raise StatementRefused("control", "Bal")
    return found


def _movements(entry: Any) -> Iterator[Movement]:
    is_debit = _text(entry, "CdtDbtInd") == "DBIT"
    booked_on = _day(_text(entry, "BookgDt/Dt"))
    reference = _text(entry, "NtryRef")
    for details in _all(entry, "NtryDtls"):
        for one in _all(details, "TxDtls"):
            trace = _text(one, "Refs/AcctSvcrRef")
            if not _TRACE.fullmatch(trace):
                raise StatementRefused("trace", "AcctSvcrRef")
            if (_text(one, "CdtDbtInd") == "DBIT") != is_debit:
                raise StatementRefused("control", "CdtDbtInd")
            yield Movement(trace, _cents(one), is_debit, booked_on, reference)


def _local(element: Any) -> str:
    return str(etree.QName(element).localname)


def _all(parent: Any, name: str) -> list[Any]:
    return [child for child in parent if isinstance(child.tag, str) and _local(child) == name]


def _text(parent: Any, path: str) -> str:
    for name in path.split("/"):
        children = _all(parent, name)
        if len(children) != 1:
            raise StatementRefused("missing", path)
        parent = children[0]
    return (parent.text or "").strip()


def _cents(parent: Any) -> int:
    amounts = _all(parent, "Amt")
    if len(amounts) != 1 or amounts[0].get("Ccy") != "USD":
        raise StatementRefused("currency", "Amt")
    match = _AMOUNT.fullmatch((amounts[0].text or "").strip())
    if match is None or (match[2] or "").rstrip("0")[2:]:
        raise StatementRefused("amount", "Amt")
    return int(match[1]) * 100 + int((match[2] or "")[:2].ljust(2, "0"))


def _signed(parent: Any) -> int:
    side = _text(parent, "CdtDbtInd")
    if side not in ("CRDT", "DBIT"):
        raise StatementRefused("side", "CdtDbtInd")
    return _cents(parent) if side == "CRDT" else -_cents(parent)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise StatementRefused("date", "BookgDt") from None
