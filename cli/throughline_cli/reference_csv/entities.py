"""What each kind of reference data looks like as CSV: its columns, and the messages that its rows make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from throughline.identifiers import payee_id_for
from throughline.members import Benefit, MemberRecorded, Span
from throughline.message import Message
from throughline.reference import (
    AuthorisationRecorded,
    ContractRecorded,
    FeeScheduleRecorded,
    ProviderRecorded,
    Rate,
)
from throughline_cli.reference_csv.contract_terms import Terms
from throughline_cli.reference_csv.sheet import Row, Sheet, grouped


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of one kind of file, and how its rows become messages; faults are left on the sheet."""

    required: tuple[str, ...]
    others: tuple[str, ...]
    read: Callable[[Sheet], Iterator[Message]]


def _providers(sheet: Sheet) -> Iterator[Message]:
    for row in sheet.rows:
        made = sheet.make(
            row,
            ProviderRecorded,
            {
                "payee_id": _payee(row, "kind", "identifier"),
                **_texts(row, "kind", "identifier", "npi", "name", "licence_number", "group"),
                "tin": (row.text("tin") or "").replace("-", "") or None,
                "version": row.whole("version"),
                "address": _texts(row, "street", "city", "state", "zip"),
                "active": row.yes("active"),
                **_days(row, "enrolled_from", "enrolled_to", "licence_expires_on"),
            },
            {"payee_id": "identifier"},
        )
        if made is not None:
            yield made


def contracts_of(sheet: Sheet, terms: Terms | None = None) -> Iterator[Message]:
    """``terms``: of modifiers and unit limits, which stand in files of their own."""
    for row in sheet.rows:
        made = sheet.make(
            row,
            ContractRecorded,
            {
                **_texts(row, "contract_id", "payer", "fee_schedule"),
                "version": row.whole("version"),
                "payee_id": _payee(row, "payee_kind", "payee_identifier"),
                **_days(row, "effective_from", "effective_to"),
                "timely_filing_days": row.whole("timely_filing_days"),
                "copay_cents": row.cents("copay"),
                "coinsurance_basis_points": row.whole("coinsurance_basis_points"),
                "authorisation_codes": row.words("authorisation_codes"),
                "deductible_cents": row.cents("deductible"),
                "out_of_pocket_max_cents": row.cents("out_of_pocket_max"),
                **(terms or {}).get(row.text("contract_id") or "", {}),
            },
            {
                "copay_cents": "copay",
                "deductible_cents": "deductible",
                "out_of_pocket_max_cents": "out_of_pocket_max",
            },
        )
        if made is not None:
            yield made


def _fee_schedules(sheet: Sheet) -> Iterator[Message]:
    for rows in grouped(sheet.rows, ("fee_schedule", "version")):
        rates = [
            sheet.make(
                row,
                Rate,
                {
                    **_texts(row, "code", "modifier"),
                    "amount_cents": row.cents("amount"),
                    **_days(row, "effective_from", "effective_to"),
                },
                {"amount_cents": "amount"},
            )
            for row in rows
        ]
        first = rows[0]
        made = sheet.make(
            first,
            FeeScheduleRecorded,
            {**_texts(first, "fee_schedule"), "version": first.whole("version"), "rates": _plain(rates)},
        )
        if made is not None:
            yield made


def _authorisations(sheet: Sheet) -> Iterator[Message]:
    for row in sheet.rows:
        made = sheet.make(
            row,
            AuthorisationRecorded,
            {
                **_texts(row, "number", "payer", "member_id"),
                "version": row.whole("version"),
                "payee_id": _payee(row, "payee_kind", "payee_identifier"),
                "codes": row.words("codes"),
                **_days(row, "valid_from", "valid_to"),
                "active": row.yes("active"),
                "units": row.whole("units"),
            },
            {"payee_id": "payee_identifier"},
        )
        if made is not None:
            yield made


def _members(sheet: Sheet) -> Iterator[Message]:
    """A row without a benefit is a span of covered days; one that names a benefit, the days of that."""
    for rows in grouped(sheet.rows, ("payer", "member_id", "version")):
        spans: list[Span | None] = []
        benefits: list[Benefit | None] = []
        for row in rows:
            days = _days(row, "from_date", "to_date")
            if row.text("benefit") is not None:
                values = {"category": row.text("benefit"), "codes": row.words("codes"), **days}
                benefits.append(sheet.make(row, Benefit, values, {"category": "benefit"}))
            elif any(row.text(one) for one in ("from_date", "to_date", "codes")):
                spans.append(sheet.make(row, Span, days))
        first = rows[0]
        made = sheet.make(
            first,
            MemberRecorded,
            {
                **_texts(first, "payer", "member_id"),
                "version": first.whole("version"),
                "coverage": _plain(spans),
                "benefits": _plain(benefits) if benefits else None,
            },
        )
        if made is not None:
            yield made


def _texts(row: Row, *columns: str) -> dict[str, Any]:
    return {one: found for one in columns if (found := row.text(one)) is not None}


def _days(row: Row, *columns: str) -> dict[str, Any]:
    return {one: found for one in columns if (found := row.day(one)) is not None}


def _payee(row: Row, kind: str, identifier: str) -> str | None:
    """None without either; with one alone, the other is asked for."""
    if row.text(kind) is None and row.text(identifier) is None:
        return None
    parts = row.needed(kind), row.needed(identifier)
    return str(payee_id_for(*parts)) if parts[0] and parts[1] else None  # type: ignore[arg-type]


def _plain(made: list[Any]) -> list[Any]:
    """What could be made of the rows; what could not is a fault already."""
    return [one.model_dump(mode="json", exclude_none=True) for one in made if one is not None]


LAYOUTS: dict[str, Layout] = {
    "providers": Layout(
        (
            *("kind", "identifier", "version", "tin", "name"),
            *("street", "city", "state", "zip"),
            "enrolled_from",
        ),
        ("npi", "active", "enrolled_to", "licence_number", "licence_expires_on", "group"),
        _providers,
    ),
    "contracts": Layout(
        ("contract_id", "version", "payer", "fee_schedule", "effective_from", "timely_filing_days"),
        (
            *("payee_kind", "payee_identifier", "effective_to", "copay", "coinsurance_basis_points"),
            *("authorisation_codes", "deductible", "out_of_pocket_max"),
        ),
        contracts_of,
    ),
    "fee-schedules": Layout(
        ("fee_schedule", "version", "code", "amount", "effective_from"),
        ("modifier", "effective_to"),
        _fee_schedules,
    ),
    "authorisations": Layout(
        (
            *("number", "version", "payer", "payee_kind", "payee_identifier"),
            *("member_id", "valid_from", "valid_to"),
        ),
        ("codes", "active", "units"),
        _authorisations,
    ),
    "members": Layout(
        ("payer", "member_id", "version", "from_date", "to_date"), ("benefit", "codes"), _members
    ),
}
