"""Coverage taken back, or an exclusion: what is approved comes back to a person, what was paid is to be recovered."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from tests.whole_line import WholeLine

from throughline.decisions import ApprovalRevoked, RecoveryOpened, ReviewOpened, SubmissionExcepted
from throughline.exclusions import NameCleared
from throughline.requests import PaymentRequest
from throughline_cli.demo import reference

PAYER = "COVERPLAN"
RENDERING = "1003000126"
"""Gives services in this journey alone."""


def a_payer_that_checks_coverage(line: WholeLine) -> None:
    """As another one of the world, but for that."""
    payer = line.world.payers["BLUEHARBOR"].model_copy(update={"payer": PAYER, "coverage_checked": True})
    contract = line.world.contracts["C-BLUEHARBOR"].model_copy(
        update={"payer": PAYER, "contract_id": f"C-{PAYER}"}
    )
    reference.publish(line.speaker, "payers", [payer])
    reference.publish(line.speaker, "contracts", [contract])


def covered(line: WholeLine, folder: Path, version: int, *bills: PaymentRequest, until: str = "") -> None:
    rows = [f"{PAYER},{one.subject.member_id.reveal()},{version},2020-01-01,{until}" for one in bills]
    path = folder / "members.csv"
    path.write_text("\n".join(["payer,member_id,version,from_date,to_date", *rows]) + "\n", "utf-8")
    line.command("reference", "import", "members", "--csv", str(path))
    line.rest()


def first_day(*bills: PaymentRequest) -> date:
    return min(one.from_date for bill in bills for one in bill.lines)


def test_coverage_taken_back_before_and_after_the_money(line: WholeLine, tmp_path: Path) -> None:
    a_payer_that_checks_coverage(line)
    payee = line.new_payee()
    early, late = (line.bill(payee, payer=PAYER) for _ in range(2))
    covered(line, tmp_path, 1, early, late)
    paid = line.submit(early)
    line.until_state(paid, "Approved")
    line.pass_the_settlement(line.pass_the_cutoff())
    line.until_state(paid, "Paid")
    approved = line.submit(late)
    line.until_state(approved, "Approved")

    day_before = first_day(early, late) - timedelta(days=1)
    covered(line, tmp_path, 2, early, late, until=day_before.isoformat())
    assert line.until_said(ApprovalRevoked, request_id=approved).reason == "coverage_ended"
    opened = line.until_said(ReviewOpened, request_id=approved)
    assert opened.reasons == ("recalled", "coverage_ended")
    line.until_state(approved, "In review")
    recovery = line.until_said(RecoveryOpened, request_id=paid)
    assert (recovery.reason, recovery.paid_cents) == (
        "coverage_ended",
        line.entries(payee.account or "")[0].amount_cents,
    )
    line.until_state(paid, "Paid (recovering)")

    line.pass_the_settlement(line.pass_the_cutoff())
    line.rest()
    assert len(line.entries(payee.account or "")) == 1, "what nobody approved again is not paid"


def test_who_came_on_an_exclusion_list_is_not_paid_for(line: WholeLine, tmp_path: Path) -> None:
    providers, exclusions = tmp_path / "providers.csv", tmp_path / "exclusions.csv"
    providers.write_text(
        "kind,identifier,npi,version,tin,name,street,city,state,zip,enrolled_from\n"
        f"npi,{RENDERING},{RENDERING},1,941234567,Morgan Vale,1 Elm Street,Fresno,CA,93701,2020-01-01\n",
        "utf-8",
    )
    line.command("reference", "import", "providers", "--csv", str(providers))
    line.rest()
    assert "provider version 1" in line.command("reference", "show", "provider", RENDERING)
    payee = line.new_payee()
    approved = line.submit(line.bill(payee, rendering_provider=RENDERING))
    line.until_state(approved, "Approved")

    exclusions.write_text(
        "LASTNAME,FIRSTNAME,BUSNAME,NPI,EXCLDATE,REINDATE,WAIVERDATE\n"
        f"STONE,ALEX,,{RENDERING},20200101,00000000,00000000\n",
        "utf-8",
    )
    imported = ("reference", "import", "exclusions", "--csv", str(exclusions), "--dated-on", "2026-11-01")
    assert "No list 'oig-leie' is in force" in line.command(*imported, fails=True)
    line.command(*imported, "--expect-rows", "1")
    assert line.until_said(ApprovalRevoked, request_id=approved).reason == "excluded"
    line.until_state(approved, "In review")
    refused = line.submit(line.bill(payee, rendering_provider=RENDERING))
    excepted = line.until_said(SubmissionExcepted, request_id=refused)
    assert excepted.reason == "excluded" and excepted.screened is not None
    assert "not_allowed_now" in line.command(
        "review", "release", str(refused), "--note", "Pay it all the same.", fails=True
    )

    exclusions.write_text(
        "LASTNAME,FIRSTNAME,BUSNAME,NPI,EXCLDATE,REINDATE,WAIVERDATE\n"
        "VALE,MORGAN,,0000000000,20200101,00000000,00000000\n",
        "utf-8",
    )
    line.command("reference", "import", "exclusions", "--csv", str(exclusions), "--dated-on", "2026-11-02")
    line.rest()
    asked = line.submit(line.bill(payee, rendering_provider=RENDERING))
    assert line.until_said(ReviewOpened, request_id=asked).reasons == ("exclusion_name",)
    line.command("review", "approve", str(asked), "--note", "Born in another year.", "--clear-name")
    assert line.until_said(NameCleared, request_id=asked).list_id == "oig-leie"
    passed = line.submit(line.bill(payee, rendering_provider=RENDERING))
    line.until_state(passed, "Approved")
    line.command("review", "unclear", str(asked), "--note", "It is the same person after all.")
    for one in (asked, passed):
        assert line.until_said(ApprovalRevoked, request_id=one).reason == "exclusion_name"
        line.until_state(one, "In review")
