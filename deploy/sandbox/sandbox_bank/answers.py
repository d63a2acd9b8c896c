"""What the bank writes: acknowledgement, list of received files, camt.053 statement, NACHA return file."""

import io
import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any

from lxml import etree

from sandbox_bank.strict_nacha import DEBIT_CODES

CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


def acknowledgement(file: sqlite3.Row, refused: Iterable[sqlite3.Row]) -> bytes:
    """What became of one file, and which of its entries were refused."""
    return _json(
        {
            "type": "acknowledgement",
            "file": file["name"],
            "sha256": file["sha256"],
            "size": file["size"],
            "received_at": file["received_at"],
            "status": file["status"],
            "reason": file["reason"],
            "line": file["line"],
            "field": file["field"],
            "entries": file["entries"],
            "credit_cents": file["credit_cents"],
            "entry_hash": file["entry_hash"],
            "refused_entries": [
                {
                    "trace": entry["trace"],
                    "amount_cents": entry["amount_cents"],
                    "reason": "reversal_refused" if entry["code"] in DEBIT_CODES else "account_refused",
                }
                for entry in refused
            ],
        }
    )


def received_list(as_of: str, files: Iterable[sqlite3.Row]) -> bytes:
    """The files that the bank holds, newest last."""
    fields = ("sha256", "size", "received_at", "status")
    return _json(
        {
            "type": "received",
            "as_of": as_of,
            "files": [{"file": file["name"], **{name: file[name] for name in fields}} for file in files],
        }
    )


def _json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=1).encode() + b"\n"


def statement(
    day: date,
    made_at: datetime,
    number: int,
    settled: Sequence[sqlite3.Row],
    returned: Sequence[sqlite3.Row],
    opening: dict[str, int],
) -> bytes:
    """One camt.053.001.08 with a statement per company: its settled files, entry by entry, and what came back. A credit
    sent debits the customer's account; a reversal credits it; what comes back of either does the opposite."""
    out = io.BytesIO()
    with etree.xmlfile(out, encoding="UTF-8") as xml:
        xml.write_declaration()
        with xml.element("Document", nsmap={None: CAMT}), xml.element("BkToCstmrStmt"):
            header = etree.Element("GrpHdr")
            _text(header, "MsgId", f"CAMT053-{day:%Y%m%d}-{number}")
            _text(header, "CreDtTm", made_at.isoformat())
            xml.write(header)
            for company in sorted({row["company_id"] for row in (*settled, *returned)}):
                mine = [row for row in settled if row["company_id"] == company]
                back = [row for row in returned if row["company_id"] == company]
                _company_statement(xml, day, made_at, company, opening[company], mine, back)
    return out.getvalue()


def _company_statement(
    xml: Any,
    day: date,
    made_at: datetime,
    company: str,
    opening: int,
    settled: Sequence[sqlite3.Row],
    returned: Sequence[sqlite3.Row],
) -> None:
    closing = opening + sum(signed(row) for row in settled) - sum(signed(row) for row in returned)
    with xml.element("Stmt"):
        for name, text in (("Id", f"{company}-{day:%Y%m%d}"), ("CreDtTm", made_at.isoformat())):
            element = etree.Element(name)
            element.text = text
            xml.write(element)
        account = etree.Element("Acct")
        _text(account, "Id/Othr/Id", company)
        _text(account, "Ccy", "USD")
        xml.write(account)
        xml.write(_balance("OPBD", opening, day))
        xml.write(_balance("CLBD", closing, day))
        for (file, side), rows in groupby(settled, key=lambda row: (row["file_name"], _side(signed(row)))):
            entries = list(rows)
            reference = f"{'F' if side == 'DBIT' else 'V'}{entries[0]['file_id']}-{company}"
            xml.write(_movement(reference, side, day, file, entries))
        for row in returned:
            xml.write(
                _movement(f"R{row['id']}", _side(-signed(row)), day, row["file_name"], [row], came_back=True)
            )


def signed(row: sqlite3.Row) -> int:
    """What an entry, settled, adds to the customer's account."""
    return int(row["amount_cents"]) if row["code"] in DEBIT_CODES else -int(row["amount_cents"])


def _side(cents: int) -> str:
    return "CRDT" if cents >= 0 else "DBIT"


def _movement(
    reference: str, side: str, day: date, file: str, entries: Sequence[sqlite3.Row], came_back: bool = False
) -> Any:
    total = sum(row["amount_cents"] for row in entries)
    movement = etree.Element("Ntry")
    _text(movement, "NtryRef", reference)
    _amount(movement, total)
    _text(movement, "CdtDbtInd", side)
    _text(movement, "Sts/Cd", "BOOK")
    _text(movement, "BookgDt/Dt", day.isoformat())
    _text(movement, "ValDt/Dt", day.isoformat())
    _text(movement, "BkTxCd/Prtry/Cd", "ACHRETURN" if came_back else "ACH")
    details = etree.SubElement(movement, "NtryDtls")
    batch = etree.SubElement(details, "Btch")
    _text(batch, "MsgId", file[:35])
    _text(batch, "NbOfTxs", str(len(entries)))
    _amount(batch, total, "TtlAmt")
    _text(batch, "CdtDbtInd", side)
    for row in entries:
        transaction = etree.SubElement(details, "TxDtls")
        references = etree.SubElement(transaction, "Refs")
        _text(references, "AcctSvcrRef", row["trace"])
        _text(references, "EndToEndId", _trn02(row["addenda"]))
        _amount(transaction, row["amount_cents"])
        _text(transaction, "CdtDbtInd", side)
        if came_back:
            _text(transaction, "RtrInf/Rsn/Prtry", row["return_code"])
    return movement


def _trn02(addenda: str | None) -> str:
    parts = (addenda or "").split("*")
    return parts[2][:35] if len(parts) > 3 and parts[0] == "TRN" else "NOTPROVIDED"


def _balance(kind: str, cents: int, day: date) -> Any:
    balance = etree.Element("Bal")
    _text(balance, "Tp/CdOrPrtry/Cd", kind)
    _amount(balance, abs(cents))
    _text(balance, "CdtDbtInd", "CRDT" if cents >= 0 else "DBIT")
    _text(balance, "Dt/Dt", day.isoformat())
    return balance


def _amount(parent: Any, cents: int, name: str = "Amt") -> None:
    element = etree.SubElement(parent, name)
    element.text = f"{cents // 100}.{cents % 100:02d}"
    element.set("Ccy", "USD")


def _text(parent: Any, path: str, text: str) -> None:
    for name in path.split("/"):
        parent = etree.SubElement(parent, name)
    parent.text = text


def return_file(
    rows: Sequence[sqlite3.Row], *, bank_routing: str, origin: str, day: date, modifier: str, first_trace: int
) -> bytes:
    """A NACHA return file to the originator: one batch per company and returning bank, addenda 99 per entry."""
    lines = [
        f"101{origin:>10}{bank_routing:>10}{day:%y%m%d}0800{modifier}094101"
        f"{'RETURNS TO ORIGINATOR':23}{'SANDBOX BANK':23}{'':8}"
    ]
    ordered = sorted(rows, key=lambda row: (row["company_id"], row["sec"], row["routing"][:8], row["id"]))
    records = hashes = debits = credits = batches = 0
    for (company, sec, rdfi), group in groupby(
        ordered, key=lambda r: (r["company_id"], r["sec"], r["routing"][:8])
    ):
        members = list(group)
        batches += 1
        lines.append(
            f"5200{members[0]['company_name']:16}{'':20}{company:10}{sec}{members[0]['description']:10}"
            f"{day:%y%m%d}{day:%y%m%d}   1{rdfi}{batches:07d}"
        )
        for row in members:
            trace = f"{rdfi}{first_trace:07d}"
            first_trace += 1
            code = {22: 21, 32: 31, 27: 26, 37: 36}[row["code"]]
            lines.append(
                f"6{code}{bank_routing}{row['account']:17}{row['amount_cents']:010d}{row['identification']:15}"
                f"{row['name']:22}  1{trace}"
            )
            lines.append(f"799{row['return_code']}{row['trace']}{'':6}{rdfi}{'':44}{trace}")
        count, hashed = 2 * len(members), int(bank_routing[:8]) * len(members)
        debit = sum(row["amount_cents"] for row in members if row["code"] in DEBIT_CODES)
        credit = sum(row["amount_cents"] for row in members if row["code"] not in DEBIT_CODES)
        lines.append(
            f"8200{count:06d}{hashed % 10**10:010d}{debit:012d}{credit:012d}{company:10}{'':25}{rdfi}{batches:07d}"
        )
        records, hashes = records + count, hashes + hashed
        debits, credits = debits + debit, credits + credit
    blocks = -(-(len(lines) + 1) // 10)
    lines.append(
        f"9{batches:06d}{blocks:06d}{records:08d}{hashes % 10**10:010d}{debits:012d}{credits:012d}{'':39}"
    )
    lines.extend(["9" * 94] * (blocks * 10 - len(lines)))
    return "".join(line + "\n" for line in lines).encode("ascii")
