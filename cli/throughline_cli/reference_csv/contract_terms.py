"""What modifiers do to a contract's prices, and its unit limits: CSV files beside that of the contracts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from throughline.message import Record
from throughline.reference import ModifierTerm, UnitLimit
from throughline_cli.reference_csv.sheet import Row, Sheet, read_sheet

Terms = dict[str, dict[str, list[dict[str, Any]]]]
"""By contract id: the fields that these files tell."""

_DAYS = ("effective_from", "effective_to")


def read_terms(files: Mapping[str, Path]) -> tuple[list[Sheet], Terms]:
    """``files``: that of ``modifiers``, of ``unit_limits``, or both. Faults are left on the sheets."""
    sheets: list[Sheet] = []
    terms: Terms = {}
    for field, path in files.items():
        required, others, model = _LAYOUTS[field]
        sheet = read_sheet(path, ("contract_id", *required, "effective_from"), ("effective_to", *others))
        sheets.append(sheet)
        for row in sheet.rows:
            made = sheet.make(row, model, _values(row, field))
            contract_id = row.needed("contract_id")
            if made is not None and contract_id is not None:
                plain = made.model_dump(mode="json", exclude_none=True)
                terms.setdefault(contract_id, {}).setdefault(field, []).append(plain)
    return sheets, terms


def must_name(sheets: list[Sheet], contracts: Collection[str | None], file: str) -> None:
    """A term of a contract that the other file does not have is a fault: it would be lost unseen."""
    for sheet in sheets:
        for row in sheet.rows:
            if row.text("contract_id") not in (None, *contracts):
                row.fault("contract_id", f"is none of the contracts in {file}")


def _values(row: Row, field: str) -> dict[str, Any]:
    days = {one: row.day(one) for one in _DAYS}
    if field == "unit_limits":
        return {"code": row.text("code"), "units_per_day": row.whole("units_per_day"), **days}
    return {
        "modifier": row.text("modifier"),
        "effect": row.text("effect"),
        "basis_points": row.whole("basis_points"),
        "codes": row.words("codes"),
        **days,
    }


_LAYOUTS: dict[str, tuple[tuple[str, ...], tuple[str, ...], type[Record]]] = {
    "modifiers": (("modifier", "effect"), ("basis_points", "codes"), ModifierTerm),
    "unit_limits": (("code", "units_per_day"), (), UnitLimit),
}
