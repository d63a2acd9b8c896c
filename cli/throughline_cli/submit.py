"""`submit`: a JSON request, or an 837P or CSV file, over HTTP with the partner's API key."""

from __future__ import annotations

import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
from rich.markup import escape
from rich.table import Table

from throughline_cli.errors import Problem
from throughline_cli.line import Line
from throughline_cli.show import console, say


def submit(line: Line, path: Path, api_key: str, idempotency_key: str | None) -> bool:
    """True if everything in the file was accepted or had been before. Raises Problem."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}.") from None
    headers = {
        "authorization": f"Bearer {api_key}",
        # The same bytes sent again are the same request, whoever repeats the command.
        "idempotency-key": idempotency_key or sha256(content).hexdigest(),
    }
    if path.suffix.lower() == ".json":
        return _one(_send(line, "/v1/requests", content, headers | {"content-type": "application/json"}))
    kind = "text/csv" if path.suffix.lower() == ".csv" else "application/edi-x12"
    receipt = _send(line, "/v1/files", content, headers | {"content-type": kind}).get("receipt_id")
    if receipt is None:
        raise Problem(f"{path} was not taken.")
    return _file(line, str(receipt), {"authorization": headers["authorization"]})


def _send(line: Line, path: str, content: bytes, headers: dict[str, str]) -> dict[str, Any]:
    try:
        answer = httpx.post(
            f"{line.stack.http_url('intake')}{path}", content=content, headers=headers, timeout=120
        )
    except httpx.HTTPError as error:
        raise Problem(
            f"Intake does not answer ({type(error).__name__}).", "Start it with 'throughline up'."
        ) from None
    if answer.status_code == 401:
        raise Problem(
            "Intake does not know this API key.", "'throughline partner add NAME' gives a partner a new one."
        )
    try:
        told: dict[str, Any] = answer.json()
    except ValueError:
        raise Problem(f"Intake answers HTTP {answer.status_code} without a word.") from None
    if answer.status_code in (413, 415, 503):
        raise Problem(f"Intake says: {told.get('detail') or told.get('title')}")
    return told


def _one(answer: dict[str, Any]) -> bool:
    outcome = answer.get("outcome")
    if outcome in ("accepted", "repeated"):
        say(f"{outcome}: request {answer['request_id']} version {answer['version']}")
        say(f"payer's claim number {answer['payer_claim_number']}")
        return True
    say(f"[red]{outcome or 'refused'}[/]: {escape(str(answer.get('detail') or answer.get('title')))}")
    for problem in answer.get("problems", []):
        told = f"{problem.get('field') or 'message'}: {problem.get('detail') or problem.get('reason')}"
        say(f"  {escape(told)}")
    return False


def _file(line: Line, receipt: str, headers: dict[str, str]) -> bool:
    after, good = 0, True
    counts: Counter[str] = Counter()
    table = Table(title=f"receipt {receipt}", title_justify="left")
    for column in ("claim", "number", "outcome", "request", "why"):
        table.add_column(column)
    while (shown := line.ask("GET", "intake", f"/v1/files/{receipt}", headers=headers))["state"] == "waiting":
        time.sleep(0.1)
    for problem in shown["problems"]:
        told = f"{problem.get('field') or ''} {problem.get('detail') or problem.get('reason') or ''}".strip()
        say(f"[red]the file is refused[/]: {escape(told)}")
    while True:
        page = line.ask("GET", "intake", f"/v1/files/{receipt}", params={"after": after}, headers=headers)[
            "results"
        ]
        if not page:
            break
        for claim in page:
            why = "; ".join(
                f"{one.get('field') or ''} {one.get('detail') or ''}".strip() for one in claim["problems"]
            )
            table.add_row(
                str(claim["position"]),
                escape(claim["number"] or ""),
                claim["outcome"],
                claim["request_id"] or "",
                escape(why),
            )
            counts[claim["outcome"]] += 1
            good &= claim["outcome"] in ("accepted", "repeated")
        after = page[-1]["position"]
    if table.row_count:
        console.print(table)
    say(", ".join(f"{count:,} {outcome}" for outcome, count in sorted(counts.items())) or "no claims")
    return good and not shown["problems"]
