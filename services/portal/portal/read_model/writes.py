"""Rows to be written, gathered in memory and stored by one statement for each table and set of columns."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import asyncpg

from portal.read_model.tables import KEPT_AS_FIRST_TOLD, KEYS

Row = dict[str, Any]


class Writes:
    """Each row is named by its key; what is put later into the same row replaces what was put before."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[tuple[Any, ...], Row]] = {}

    def put(self, table: str, **values: Any) -> None:
        """Insert the row, or set these columns of it; the other columns stay as they are."""
        key = tuple(str(values[name]) for name in KEYS[table])
        row = self._rows.setdefault(table, {}).setdefault(key, {})
        if not row or table not in KEPT_AS_FIRST_TOLD:
            row.update(values)

    async def flush(self, db: asyncpg.Connection) -> None:
        """Tables in one order and rows by key, so that two slices never wait for each other in a circle."""
        for table in KEYS:
            rows = self._rows.pop(table, None)
            if not rows:
                continue
            by_columns: dict[tuple[str, ...], list[Row]] = {}
            for row in rows.values():
                by_columns.setdefault(tuple(sorted(row)), []).append(row)
            for columns, group in sorted(by_columns.items()):
                await db.execute(_upsert(table, columns), as_json(group))


def as_json(rows: Iterable[Row]) -> str:
    """As jsonb_populate_recordset reads them. Bytes are written as PostgreSQL reads bytea."""
    return json.dumps(list(rows), default=_plain)


def _plain(value: Any) -> str:
    return f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)


def _upsert(table: str, columns: tuple[str, ...]) -> str:
    key, names = KEYS[table], ", ".join(f'"{name}"' for name in columns)
    own = [name for name in columns if name not in key and table not in KEPT_AS_FIRST_TOLD]
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in own)
    keys = ", ".join(f'"{name}"' for name in key)
    return (
        f"insert into {table} ({names}) select {names} from jsonb_populate_recordset(null::{table}, $1::jsonb)"
        f" order by {keys} on conflict ({keys}) do {'update set ' + sets if own else 'nothing'}"
    )
