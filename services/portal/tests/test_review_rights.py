"""Two approvers, returns with fields, releases that name their checks, disputes: what the pages offer to whom."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

import httpx
from portal_answers import hidden, said, told
from portal_people import csrf_in, known, session_of, sign_in
from portal_stories import Life, Teller, example

from chassis import Context
from portal.rules import Role
from throughline.decisions import Decider
from throughline.findings import Finding
from throughline.reasons import Reason, Severity


async def test_what_one_of_two_approved_asks_for_another(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    payer = example("PayerRecorded", "two-approvers", two_approvers_from_cents=100)
    teller.tell(payer)
    life = Life(teller, "CLM-1").received(payer=payer.payer).says("ReviewOpened", proposed_cents=100)
    Life(teller, "CLM-2").received().says("ReviewOpened")
    rita, rosa = await known(context, "rita", Role.REVIEWER), await known(context, "rosa", Role.REVIEWER)
    await told(context, teller)
    await sign_in(browser, rosa)
    assert "Two people must approve" in (await browser.get(f"/reviews/{life.request_id}")).text
    assert "CLM-1</a>" not in (await browser.get("/reviews?queue=second")).text
    life.says("FirstApprovalGiven", amount_cents=100, approved_by=rita.person_id)
    given = teller.told[-1].envelope.id
    await told(context, teller)
    waiting = (await browser.get("/reviews?queue=second")).text
    assert "CLM-1" in waiting and "Needs a second approver" in waiting and "CLM-2</a>" not in waiting
    page = await browser.get(f"/reviews/{life.request_id}")
    assert "First: Rita Example" in page.text and 'value="approve"' in page.text
    assert hidden(page, "answers") == str(given)
    await sign_in(browser, rita)
    assert 'value="approve"' not in (await browser.get(f"/reviews/{life.request_id}")).text


async def test_a_findings_sentence_may_tell_of_the_member_and_is_read_by_reviewers_and_auditors_alone(
    browser: httpx.AsyncClient, context: Context
) -> None:
    finding = Finding(
        rule="coverage-in-force",
        rule_version=1,
        severity=Severity.REVIEW,
        reason=Reason.NOT_COVERED,
        field="subject.member_id",
        message="The member is not covered on 2026-02-17, a day of this service.",
        fix="Ask the payer.",
    )
    teller = Teller()
    life = Life(teller, "CLM-1").received().says("ReviewOpened", findings=(finding,))
    await told(context, teller)
    for role in (Role.REVIEWER, Role.AUDITOR, Role.OPERATOR, Role.RELEASER, Role.ACCOUNT_APPROVER):
        await sign_in(browser, await known(context, role.value.replace("_", ""), role))
        page = (await browser.get(f"/reviews/{life.request_id}")).text
        assert "coverage-in-force" in page, "that and what was found, everybody of the staff sees"
        assert ("2026-02-17" in page) is (role in (Role.REVIEWER, Role.AUDITOR)), role


async def test_a_listed_name_is_cleared_with_the_approval(
    browser: httpx.AsyncClient, context: Context
) -> None:
    finding = Finding(
        rule="excluded-name/oig-leie",
        rule_version=1,
        severity=Severity.REVIEW,
        reason=Reason.EXCLUSION_NAME,
        field="payee.identifier",
        message="The billing provider has the name of somebody on the exclusion list.",
        fix="A reviewer finds out whether it is the same.",
    )
    teller = Teller()
    payer = example("PayerRecorded", second_approval_cents=12_346)
    teller.tell(payer)
    listed = Life(teller, "CLM-1").received(payer=payer.payer)
    listed = listed.says("ReviewOpened", proposed_cents=100, findings=(finding,))
    other = Life(teller, "CLM-2").received().says("ReviewOpened", proposed_cents=100, findings=())
    await told(context, teller)
    await sign_in(browser, await known(context, "rita", Role.REVIEWER))
    assert 'name="clear_name"' not in (await browser.get(f"/reviews/{other.request_id}")).text
    path = f"/reviews/{listed.request_id}"
    page = await browser.get(path)
    assert 'name="clear_name"' in page.text
    form = {name: hidden(page, name) for name in ("csrf", "once", "version", "answers", "amount_cents")}
    form |= {"decision": "deny", "note": "Born in another year.", "clear_name": "true"}
    assert (await browser.post(f"{path}/decide", data=form)).status_code == 303
    (command,) = await said(context)
    assert (command.decision, command.clear_name) == ("deny", None), "what is denied clears nobody"
    form |= {"decision": "approve", "once": str(uuid4())}
    assert (await browser.post(f"{path}/decide", data=form)).status_code == 303
    assert (await said(context))[-1].clear_name is True


async def test_a_return_names_what_may_change_and_a_release_what_it_overrides(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    asked = Life(teller, "CLM-1").received().says("ReviewOpened")
    stopped = Life(teller, "CLM-2").received().says("SubmissionExcepted", "total")
    await told(context, teller)
    await sign_in(browser, await known(context, "rita", Role.REVIEWER))
    refused = Life(teller, "CLM-3").received().says("ReviewOpened")
    await told(context, teller)
    sent: dict[Life, dict[str, Any]] = {
        refused: {"decision": "deny", "reason": "timely_filing", "field": ["lines"]},
        asked: {"decision": "return_for_edits", "field": ["lines.code", "attachments"]},
        stopped: {"decision": "release", "field": ["lines"]},
    }
    for life, choice in sent.items():
        page = await browser.get(f"/reviews/{life.request_id}")
        form = {name: hidden(page, name) for name in ("csrf", "once", "version", "answers")}
        path = f"/reviews/{life.request_id}/decide"
        assert (await browser.post(path, data=form | choice | {"note": "See."})).status_code == 303
    assert "A release overrides" in page.text and "Total" in page.text
    denied, returned, released = await said(context)
    assert (denied.reason, denied.fields) == (Reason.TIMELY_FILING, None)
    assert (returned.fields, returned.overrides) == (("lines.code", "attachments"), None)
    assert (released.fields, released.overrides) == (None, (Reason.TOTAL_MISMATCH,))
    never = form | {"decision": "return_for_edits", "note": "Pay.", "field": ["payee"], "once": str(uuid4())}
    assert (await browser.post(path, data=never)).status_code == 422


async def test_a_dispute_is_read_and_decided_by_who_did_not_decide_first(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    rita, rosa = await known(context, "rita", Role.REVIEWER), await known(context, "rosa", Role.REVIEWER)
    ruth = await known(context, "ruth", Role.REVIEWER)
    pat = await known(context, "pat", Role.PROVIDER_ADMIN)
    life = Life(teller, "CLM-1")
    life.payee_id = pat.payee_id
    life.received().says("ReviewOpened")
    by_rita = Decider(
        kind="person", actor=str(rita.person_id), note="Not covered.", first_actor=str(ruth.person_id)
    )
    life.says("SubmissionDenied", decided_by=by_rita, appeal_until=date(2099, 1, 1))
    denial = teller.told[-1].envelope.id
    await told(context, teller)
    await sign_in(browser, pat)
    page = await browser.get(f"/requests/{life.request_id}")
    assert "Dispute this decision" in page.text
    form = {"csrf": csrf_in(page), "once": str(uuid4()), "decided": str(denial), "text": "By telephone."}
    path = f"/requests/{life.request_id}/dispute"
    assert (await browser.post(path, data=form | {"decided": str(uuid4())})).status_code == 412
    assert (await browser.post(path, data=form)).status_code == 303
    (command,) = await said(context)
    assert (command.answers, command.text.reveal(), command.actor) == (
        denial,
        "By telephone.",
        str(pat.person_id),
    )
    life.says("DisputeOpened", disputes=denial, disputed_by=pat.person_id)
    opened = teller.told[-1].envelope.id
    await told(context, teller)
    assert "is disputed" in (await browser.get(f"/requests/{life.request_id}")).text
    home = (await browser.get("/")).text
    assert "One dispute of yours waits" in home and f'href="/requests/{life.request_id}"' in home
    for who in (rita, ruth):
        await sign_in(browser, who)
        page = await browser.get(f"/reviews/{life.request_id}")
        assert 'value="uphold"' not in page.text and "You had a part in it" in page.text
    await sign_in(browser, rosa)
    home = (await browser.get("/")).text
    assert "One dispute waits for a reviewer" in home and "/reviews?queue=disputed" in home
    listed = (await browser.get("/reviews?queue=disputed")).text
    assert "CLM-1</a>" in listed and 'id="bulk-decision"' not in listed
    assert "CLM-1</a>" not in (await browser.get("/reviews")).text
    page = await browser.get(f"/reviews/{life.request_id}")
    form = {name: hidden(page, name) for name in ("csrf", "once", "version", "answers")}
    assert form["answers"] == str(opened) and "/assign" not in page.text
    sent = form | {"decision": "uphold", "note": "Heard both."}
    silent = sent | {"note": "  "}
    assert (await browser.post(f"/reviews/{life.request_id}/decide", data=silent)).status_code == 422
    assert (await browser.post(f"/reviews/{life.request_id}/decide", data=sent)).status_code == 303
    assert (await said(context))[-1].decision == "uphold"
    life.says("DisputeDecided", answers=opened, outcome="upheld", decided_by=by_rita)
    await told(context, teller)
    assert "CLM-1</a>" not in (await browser.get("/reviews?queue=disputed")).text
    assert "dispute waits" not in (await browser.get("/")).text
    browser.cookies.clear()
    cookie = {"Cookie": f"__Host-session={await session_of(context, pat)}"}
    home = (await browser.get("/", headers=cookie)).text
    assert "dispute of yours" not in home and "disputed, and still denied" in home


async def test_a_dispute_that_changed_the_decision_needs_its_provider_until_the_next_version_is_sent(
    browser: httpx.AsyncClient, context: Context
) -> None:
    teller = Teller()
    pat = await known(context, "pat", Role.PROVIDER_ADMIN)
    theirs, strangers = Life(teller, "CLM-1"), Life(teller, "CLM-2", npi="1558598797")
    theirs.payee_id = pat.payee_id
    for life in (theirs, strangers):
        life.received().says("SubmissionDenied", appeal_until=date(2099, 1, 1)).says("DisputeOpened")
        life.says("DisputeDecided", outcome="changed")
    await told(context, teller)
    await sign_in(browser, pat)
    home = (await browser.get("/")).text
    needs = home.split('id="needs"')[1].split("</section>")[0]
    assert "One dispute changed the decision: send the next version" in needs and "Nothing waits" not in needs
    assert f'href="/requests/{theirs.request_id}"' in needs and str(strangers.request_id) not in home
    theirs.received()
    await told(context, teller)
    assert (
        "changed the decision"
        not in (await browser.get("/")).text.split('id="needs"')[1].split("</section>")[0]
    )
