"""The converter on a small invented export in Synthea's form."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from synthea_to_csv.convert import write_conversion
from synthea_to_csv.made_up import code_of, plain, short_name

from throughline.identifiers import npi_is_valid

TABLES = {
    "payers.csv": [
        "Id,NAME,ADDRESS,CITY,STATE_HEADQUARTERED,ZIP",
        "p1,Kind Health,1 A St,Boston,MA,02101",
        "p0,NO_INSURANCE,,,,",
    ],
    "patients.csv": ["Id,BIRTHDATE,FIRST,LAST", "pat,1990-02-03,Anna12,Muñoz34"],
    "organizations.csv": [
        "Id,NAME,ADDRESS,CITY,STATE,ZIP",
        "org,CITY GENERAL HOSPITAL AND CLINIC,2 B St,Boston,MA,02102",
    ],
    "providers.csv": [
        "Id,ORGANIZATION,NAME,ADDRESS,CITY,STATE,ZIP",
        "doc,org,Víctor4 Noriega3,2 B St,Boston,MA,02102",
    ],
    "claims.csv": [
        "Id,PATIENTID,PROVIDERID,PRIMARYPATIENTINSURANCEID," + ",".join(f"DIAGNOSIS{n}" for n in range(1, 9)),
        "c1,pat,doc,p1,111,111,222,,,,,",
        "c2,pat,doc,p0,111,,,,,,,",
        "c3,pat,doc,p1,,,,,,,,",
    ],
    "claims_transactions.csv": [
        "CLAIMID,TYPE,AMOUNT,FROMDATE,TODATE,PROCEDURECODE,UNITS,DIAGNOSISREF1,DIAGNOSISREF2,DIAGNOSISREF3,DIAGNOSISREF4",
        "c1,CHARGE,77.49,2013-01-27T16:17:47Z,2013-01-27T16:32:47Z,185345009,1,1,3,,",
        "c1,CHARGE,77.49,2013-01-27T16:17:47Z,2013-01-27T16:32:47Z,185345009,1,2,,,",
        "c1,CHARGE,0.00,2013-01-27T16:17:47Z,2013-01-27T16:32:47Z,5,1,1,,,",
        "c1,PAYMENT,77.49,2013-01-27T16:17:47Z,2013-01-27T16:32:47Z,185345009,1,1,,,",
        "c3,CHARGE,0,2013-01-27T16:17:47Z,2013-01-27T16:32:47Z,5,1,1,,,",
    ],
}


@pytest.fixture
def export(tmp_path: Path) -> Path:
    for name, lines in TABLES.items():
        (tmp_path / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_an_insured_claim_with_a_charge_becomes_rows_that_name_what_was_made_up(
    export: Path, tmp_path: Path
) -> None:
    done = write_conversion(export, tmp_path / "out", seed=1)
    (row,) = csv.DictReader((tmp_path / "out" / "claims.csv").open(newline="", encoding="utf-8"))
    assert row["number"] == "c1" and row["payer"] == "KIND-HEALTH" and npi_is_valid(row["payee_npi"])
    assert (row["units"], row["charge"], row["total"]) == ("2", "154.98", "154.98")
    assert len(row["diagnoses"].split()) == 2 and row["pointers"] == "1 2"
    assert row["last_name"] == "Munoz"
    assert done.world.schedules["FS-KIND-HEALTH"].rates[0].amount_cents == 7_749 * 85 // 100


def test_what_is_left_out_says_why(export: Path, tmp_path: Path) -> None:
    done = write_conversion(export, tmp_path / "out", seed=1)
    assert [claim for claim, _ in done.left_out] == ["c2", "c3"]


def test_names_are_made_plain() -> None:
    assert plain("Víctor493 Noriega3") == "Victor Noriega"
    assert short_name("CITY GENERAL HOSPITAL AND CLINIC") == "CITY GENERAL HOSPITAL"
    assert code_of("Blue Cross Blue Shield") == "BLUE-CROSS-BLUE-SHIELD"
