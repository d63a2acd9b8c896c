"""Two operators preview and publish rules: a new request is decided by them, one that waits by those of its own time,
and what is decided again comes to what it was."""

from __future__ import annotations

from pathlib import Path
from shutil import copytree

from sample_input.scenario import with_line
from tests.whole_line import WholeLine

from throughline.decisions import ReviewOpened, SubmissionApproved, SubmissionDenied
from throughline.requests import PaymentRequest
from throughline.rule_sets import RuleSetPublished

CATALOGUE = Path(__file__).parents[2] / "services/validation/validation/rules/catalogue"
CHARGE_CENTS = 400_017
"""Above what a payer lets pay without a person, and nobody else's: the rule hits the bills of this test alone."""
RULE = f"""
[[rule]]
id = "odd-charge"
version = 1
effective_from = 1900-01-01
severity = "deny"
scope = "request"
field = "total_cents"
expression = "total_cents != {CHARGE_CENTS}"
reason = "timely_filing"
message = "Nobody charges just this."
fix = "Charge what was agreed."
carc = "29"
passing = [{{ total_cents = 1 }}]
failing = [{{ total_cents = {CHARGE_CENTS} }}]
"""


def odd_bill(line: WholeLine) -> PaymentRequest:
    bill = line.maker.clean(line.new_payee(), "BLUEHARBOR", lines_max=1)
    return with_line(bill, 0, code="G0121", modifiers=(), units_thousandths=10_000, charge_cents=CHARGE_CENTS)


def test_a_new_request_goes_by_the_new_set_and_a_pending_one_by_the_old(
    line: WholeLine, tmp_path: Path
) -> None:
    pending = line.submit(odd_bill(line))
    opened = line.until_said(ReviewOpened, request_id=pending)
    folder = copytree(CATALOGUE, tmp_path / "rules")
    (folder / "odd.toml").write_text(RULE, "utf-8")
    assert "added: odd-charge 1" in line.command("rules", "diff", str(CATALOGUE), str(folder))
    previewed = line.command("rules", "preview", str(folder), "--days", "1")
    assert f"{pending} version 1: review above_tier, would be deny timely_filing" in previewed
    assert "1 would change, by" in previewed, "the rule hits the bills of this test alone"
    said = line.command("rules", "publish", str(folder), "--effective-from", "2020-01-01", "--note", "Odd.")
    assert "decides service days from 2020-01-01 on" in said
    published = line.until_said(RuleSetPublished)
    assert published.published_by != published.second_person

    request = line.submit(odd_bill(line))
    denied = line.until_said(SubmissionDenied, request_id=request)
    assert [one.rule for one in denied.findings] == ["odd-charge"]
    line.command("review", "approve", str(pending), "--note", "Agreed by phone.")
    approved = line.until_said(SubmissionApproved, request_id=pending)
    assert approved.rule_set == opened.rule_set != denied.rule_set
    assert "odd-charge" in line.command("explain", str(request))
    today = str(line.now().date())
    assert "0 differences" in line.command("replay-decisions", "--from", today, "--to", today)
