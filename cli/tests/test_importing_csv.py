"""Reference data from CSV: whole or not at all, every fault by row and column, and no cell repeated in any of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from throughline.exclusions import ENTRIES_MAX, name_hashes
from throughline.identifiers import payee_id_for
from throughline.members import MemberRecorded
from throughline.message import Message
from throughline.reference import ContractRecorded, FeeScheduleRecorded, ProviderRecorded
from throughline_cli.demo.reference import KEYS
from throughline_cli.errors import Problem
from throughline_cli.reference_csv.contract_terms import read_terms
from throughline_cli.reference_csv.entities import LAYOUTS, contracts_of
from throughline_cli.reference_csv.importing import import_contracts, import_exclusions, import_file
from throughline_cli.reference_csv.leie import parts_of, read_list
from throughline_cli.reference_csv.sheet import Sheet, read_sheet
from throughline_cli.reference_csv.whole_list import must_be_whole_list
from throughline_cli.reference_shown import path_of

NPI = "1234567893"


def written(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "file.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def read(entity: str, path: Path) -> tuple[Sheet, list[Message]]:
    layout = LAYOUTS[entity]
    sheet = read_sheet(path, layout.required, layout.others)
    return sheet, list(layout.read(sheet))


MEMBERS = "payer,member_id,version,benefit,codes,from_date,to_date"


def test_the_rows_of_a_member_make_one_message(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        MEMBERS,
        "acme,M1,2,,,2025-01-01,2025-12-31",
        "acme,M2,1,,,,",
        "acme,M1,2,,,2026-02-01,",
        "acme,M1,2,therapy,97110 97112,2026-02-01,",
    )
    sheet, (one, other) = read("members", path)
    assert sheet.faults == []
    assert isinstance(one, MemberRecorded) and isinstance(other, MemberRecorded)
    assert [(span.from_date, span.to_date) for span in one.coverage] == [
        (date(2025, 1, 1), date(2025, 12, 31)),
        (date(2026, 2, 1), None),
    ]
    assert one.benefits is not None and one.benefits[0].codes == ("97110", "97112")
    assert (other.coverage, other.benefits) == ((), None)
    assert "M1" not in KEYS["members"](one)


def test_a_provider_brings_its_licence_and_the_id_that_claims_name(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "kind,identifier,version,npi,tin,name,street,city,state,zip,enrolled_from,active,licence_expires_on,group",
        f"npi,{NPI},3,{NPI},94-1234567,Oakwood Clinic,2 Oak Ave,Oakland,CA,94601,2020-01-01,no,2027-06-30,valley",
    )
    sheet, (made,) = read("providers", path)
    assert sheet.faults == [] and isinstance(made, ProviderRecorded)
    assert (made.payee_id, made.active) == (payee_id_for("npi", NPI), False)
    assert (made.licence_expires_on, made.group) == (date(2027, 6, 30), "valley")


def test_rates_of_one_schedule_and_terms_of_a_contract_are_dollars(tmp_path: Path) -> None:
    header = "fee_schedule,version,code,modifier,amount,effective_from"
    path = written(
        tmp_path,
        header,
        "std,2,99213,,90.5,2026-01-01",
        "old,1,99213,,80,2026-01-01",
        "std,2,99213,25,10.05,2026-01-01",
    )
    _, made = read("fee-schedules", path)
    rates = [one.rates for one in made if isinstance(one, FeeScheduleRecorded) and one.fee_schedule == "std"]
    assert [rate.amount_cents for rate in rates[0]] == [9_050, 1_005]
    path = written(
        tmp_path,
        "contract_id,version,payer,fee_schedule,effective_from,timely_filing_days,copay,deductible,authorisation_codes",
        "C1,1,acme,std,2026-01-01,90,25,500.00,97110 97112",
    )
    _, (contract,) = read("contracts", path)
    assert isinstance(contract, ContractRecorded) and contract.payee_id is None
    assert (contract.copay_cents, contract.deductible_cents) == (2_500, 50_000)
    assert contract.authorisation_codes == ("97110", "97112")


CONTRACTS = "contract_id,version,payer,fee_schedule,effective_from,timely_filing_days"
A_CONTRACT = "C1,2,acme,std,2026-01-01,90"


def beside(tmp_path: Path, name: str, *lines: str) -> Path:
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_modifiers_and_unit_limits_of_a_contract_stand_in_files_of_their_own(tmp_path: Path) -> None:
    modifiers = beside(
        tmp_path,
        "modifiers.csv",
        "contract_id,modifier,effect,basis_points,codes,effective_from,effective_to",
        "C1,50,share,15000,,2026-01-01,",
        "C1,59,separate,,97110 97112,2026-01-01,2026-12-31",
    )
    limits = beside(
        tmp_path, "limits.csv", "contract_id,code,units_per_day,effective_from", "C1,97110,4,2026-01-01"
    )
    sheets, terms = read_terms({"modifiers": modifiers, "unit_limits": limits})
    assert [one.faults for one in sheets] == [[], []]
    path = written(tmp_path, CONTRACTS, A_CONTRACT, "C2,1,acme,std,2026-01-01,90")
    layout = LAYOUTS["contracts"]
    one, other = contracts_of(read_sheet(path, layout.required, layout.others), terms)
    assert isinstance(one, ContractRecorded) and isinstance(other, ContractRecorded)
    assert one.modifiers is not None and one.unit_limits is not None
    assert [(term.modifier, term.effect, term.basis_points) for term in one.modifiers] == [
        ("50", "share", 15_000),
        ("59", "separate", 10_000),
    ]
    assert one.modifiers[1].codes == ("97110", "97112")
    assert [(limit.code, limit.units_per_day) for limit in one.unit_limits] == [("97110", 4)]
    assert (other.modifiers, other.unit_limits) == (None, None)


def test_faults_of_the_files_beside_are_named_by_file_row_and_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = "contract_id,modifier,effect,basis_points,codes,effective_from,effective_to"
    rows = ("C1,51,multiple,10001,,2026-01-01,", "C9,50,share,x,,2026-01-01,", ",50,halve,,,,")
    modifiers = beside(tmp_path, "modifiers.csv", header, *rows)
    with pytest.raises(Problem, match=r"modifiers\.csv has .* faults; nothing was published"):
        import_contracts(written(tmp_path, CONTRACTS, A_CONTRACT), {"modifiers": modifiers}, None)
    told = capsys.readouterr().err
    for where in (
        "modifiers.csv, row 2",
        "row 3, column basis_points",
        "row 3, column contract_id: is none of the contracts in file.csv",
        "row 4, column contract_id",
        "row 4, column effect",
        "row 4, column effective_from",
    ):
        assert where in told, told


def test_every_fault_is_named_by_row_and_column_and_repeats_no_cell(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        MEMBERS,
        "acme,SECRET1,one,,,2026-01-01,",
        "acme,SECRET2,1,,,01/02/2026,",
        "acme,SECRET3,1,,,2026-02-30,",
        "acme,SECRET4,1,,,2026-02-02,2026-02-01",
        "acme,SECRET5,1,visits,bad code!,2026-01-01,",
        "acme,,1,,,2026-01-01,",
        "acme,SECRET7,1",
    )
    sheet, _ = read("members", path)
    found = {(one.row, one.column) for one in sheet.faults}
    assert found >= {
        (2, "version"),
        (3, "from_date"),
        (4, "from_date"),
        (6, "codes"),
        (7, "member_id"),
        (8, None),
    }
    assert {row for row, _ in found} == {2, 3, 4, 5, 6, 7, 8}
    assert all("SECRET" not in one.text and "bad" not in one.text for one in sheet.faults)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("payer,member_id,version,from_date", "lacks to_date"),
        (f"{MEMBERS},colour", "does not know colour"),
        (f"{MEMBERS},payer", "has twice payer"),
    ],
)
def test_a_header_that_is_another_one_is_refused_by_name(tmp_path: Path, header: str, told: str) -> None:
    with pytest.raises(Problem, match=told):
        read("members", written(tmp_path, header, "acme"))


def test_nothing_of_a_file_with_a_fault_is_published_and_a_dry_run_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = "acme,M1,1,,,2026-01-01,"
    with pytest.raises(Problem, match="1 fault; nothing was published"):
        import_file("members", written(tmp_path, MEMBERS, good, "acme,M2,1,,,x,"), None)
    assert "file.csv, row 3, column from_date: is not a day" in capsys.readouterr().err
    import_file("members", written(tmp_path, MEMBERS, good), None)
    assert "nothing was published" in capsys.readouterr().out


def test_a_file_with_no_rows_says_so(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="no rows"):
        import_file("members", written(tmp_path, MEMBERS), None)


LEIE = (
    "LASTNAME,FIRSTNAME,MIDNAME,BUSNAME,GENERAL,SPECIALTY,UPIN,NPI,DOB,ADDRESS,CITY,STATE,ZIP,"
    "EXCLTYPE,EXCLDATE,REINDATE,WAIVERDATE,WVRSTATE"
)
PERSON = (
    "VALE,MORGAN,QUILL,,IND- LIC HC SERV PRO,NURSE/NURSES AIDE,,{npi},19700101,1 ELM,SALEM,OR,97301,"
    "1128a1,20240320,00000000,00000000,"
)
BUSINESS = (
    ",,,HARBOR LIGHT TRANSPORT LLC,OTHER BUSINESS,TRANSPORTATION,,0000000000,,2 BAY,SALEM,OR,97301,"
    "1128b8,20190520,20260201,20250101,OR"
)


def test_the_public_list_is_read_by_number_and_by_hash_of_names(tmp_path: Path) -> None:
    sheet, (person, business) = read_list(written(tmp_path, LEIE, PERSON.format(npi=NPI), BUSINESS))
    assert sheet.faults == []
    assert (person.npi, person.business, person.excluded_on) == (NPI, False, date(2024, 3, 20))
    assert (person.reinstated_on, person.waived) == (None, False)
    for spelling in ("Morgan Vale", "Vale, Morgan Q.", "MORGAN QUILL VALE RN"):
        assert set(name_hashes(spelling)) & set(person.names)
    assert (business.npi, business.business, business.waived) == (None, True, True)
    assert business.reinstated_on == date(2026, 2, 1)
    assert business.names == name_hashes("Harbor Light Transport")


def test_a_list_travels_in_parts_under_one_version_and_hash(tmp_path: Path) -> None:
    path = written(tmp_path, LEIE, *[PERSON.format(npi="0000000000")] * (ENTRIES_MAX + 1))
    _, entries = read_list(path)
    parts = list(parts_of(entries, path, "oig-leie", date(2026, 11, 10), 1))
    assert [(one.part, one.parts, len(one.entries)) for one in parts] == [(1, 2, ENTRIES_MAX), (2, 2, 1)]
    assert {(one.version, one.sha256) for one in parts} == {(2026111001, parts[0].sha256)}


def test_a_list_whose_rows_are_not_understood_is_refused_whole(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = PERSON.format(npi="12345").replace("20240320", "2024-03-20")
    nobody = BUSINESS.replace("HARBOR LIGHT TRANSPORT LLC", "")
    with pytest.raises(Problem, match="faults; nothing was published"):
        import_exclusions(written(tmp_path, LEIE, bad, nobody), "oig-leie", date(2025, 12, 10), 0, None)
    told = capsys.readouterr().err
    assert "row 2, column NPI" in told and "row 2, column EXCLDATE" in told and "row 3" in told
    assert "VALE" not in told and "12345" not in told


def test_an_exclusion_list_of_a_day_to_come_is_not_published(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="2062-01-10"):
        import_exclusions(written(tmp_path, LEIE), "oig-leie", date(2062, 1, 10), 0, None)


DAY = date(2026, 11, 10)


class Held:
    """A stack with a list of ten entries in force."""

    def get(self, service: str, path: str) -> Any:
        return [{"list_id": "oig-leie", "entries": 10}]


@pytest.mark.parametrize(
    ("list_id", "rows", "said", "told"),
    [
        ("oig-leie", 9, {}, None),
        ("oig-leie", 8, {}, "may be cut off"),
        ("oig-leie", 8, {"shrinks": True}, None),
        ("oig-leie", 8, {"expected": 8}, None),
        ("oig-leie", 11, {"expected": 12}, "--expect-rows says 12"),
        ("state", 11, {}, "No list 'state' is in force"),
        ("state", 11, {"expected": 11}, None),
    ],
)
def test_a_list_that_may_be_cut_off_is_refused(
    list_id: str, rows: int, said: dict[str, Any], told: str | None
) -> None:
    def compared() -> None:
        given = {"expected": None, "shrinks": False, **said}
        must_be_whole_list(list_id, DAY, rows, Held(), **given)  # type: ignore[arg-type]

    if told is None:
        compared()
    else:
        with pytest.raises(Problem, match=told):
            compared()


@pytest.mark.parametrize("cut", [1, 4, 40, 90])
def test_a_list_that_ends_within_its_last_row_is_refused_by_that_row(
    tmp_path: Path, cut: int, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, LEIE, PERSON.format(npi=NPI), BUSINESS)
    path.write_bytes(path.read_bytes()[:-cut])
    with pytest.raises(Problem, match="nothing was published"):
        import_exclusions(path, "oig-leie", date(2025, 12, 10), 0, None)
    assert "row 3" in capsys.readouterr().err


def test_a_list_without_a_column_that_it_needs_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="lacks REINDATE"):
        read_list(written(tmp_path, LEIE.replace(",REINDATE", ""), PERSON.format(npi=NPI)))


def test_a_member_is_asked_for_by_a_key_that_tells_no_member_id() -> None:
    assert "M100" not in path_of("member", "M100", "acme")
    assert path_of("provider", NPI, None) == str(payee_id_for("npi", NPI))
    assert path_of("provider", "P-1", None) == str(payee_id_for("programme", "P-1"))
    with pytest.raises(Problem, match="one of a payer's"):
        path_of("member", "M100", None)
    with pytest.raises(Problem, match="no kind"):
        path_of("person", "M100", None)
