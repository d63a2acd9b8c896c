"""No page tells who a request is about, or an account's number, to a role that may not see it: every page and role."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi.routing import APIRoute
from portal_answers import told
from portal_people import Person, csrf_in, known, session_of
from portal_stories import Life, Teller, example
from test_request_pages import of_payee

from chassis import Context
from portal.app import service
from portal.rules import EVERYBODY, SAFE_METHODS, Role, rule_of
from throughline.reasons import Reason
from throughline.requests import Subject
from throughline.sensitive import Sensitive, SensitiveDate

MEMBER = {"member id": "CNRY7741903", "last name": "Zabriskovitch", "first name": "Ottolinnea"}
BIRTH = "1931-07-29"
ACCOUNT, ROUTING = "9901034402938817", "071923284"
SEES_MEMBERS = (Role.REVIEWER, Role.AUDITOR)
PAGES = [
    route
    for router in service.api
    for route in router.routes
    if isinstance(route, APIRoute) and (route.methods or set()) & SAFE_METHODS
]


def paths(life: Life, role: Role) -> Iterator[str]:
    """Every page that the role may ask for and whose objects the story has."""
    objects = {
        "request_id": life.request_id,
        "payment_id": life.payment_id,
        "batch_id": life.batch_id,
        "payee_id": life.payee_id,
        "name": "decisions",
    }
    for route in PAGES:
        rule = rule_of(route)
        assert rule is not None
        if role in rule.roles and set(re.findall(r"{(\w+)}", route.path)) <= set(objects):
            yield re.sub(r"{(\w+)}", lambda found: str(objects[found[1]]), route.path)


async def story(context: Context) -> Life:
    """One request that waits for a reviewer, and one that was paid and came back, of the same person."""
    teller = Teller()
    subject = Subject(
        member_id=Sensitive(MEMBER["member id"]),
        last_name=Sensitive(MEMBER["last name"]),
        first_name=Sensitive(MEMBER["first name"]),
        birth_date=SensitiveDate(BIRTH),
    )
    waits = Life(teller, "CLM-2").received(subject=subject).says("ReviewOpened")
    back = Life(teller, "CLM-1").received(subject=subject).approved().scheduled().sent().settled().returned()
    closed = example("BatchClosed", batch_id=back.batch_id)
    teller.tell(closed)
    provider = example("ProviderRecorded", payee_id=back.payee_id, identifier=back.npi, npi=back.npi)
    teller.tell(provider)
    teller.tell(example("AccountChanged", payee_id=back.payee_id, account_mask="••••8817"))
    await told(context, teller)
    assert waits.payee_id == back.payee_id
    return back


async def shown(browser: httpx.AsyncClient, context: Context, person: Person, life: Life) -> str:
    browser.cookies.clear()
    cookie = {"Cookie": f"__Host-session={await session_of(context, person)}"}
    text = ""
    for path in paths(life, person.roles[0]):
        answer = await browser.get(path, headers=cookie)
        text += f"\n{path} {answer.status_code}\n{answer.text}"
    return text


@pytest.mark.parametrize("role", EVERYBODY)
async def test_only_who_may_see_a_person_finds_them(
    browser: httpx.AsyncClient, context: Context, role: Role
) -> None:
    life = await story(context)
    stranger = await known(context, role.value, role)
    text = await shown(browser, context, stranger, life)
    assert text.count(" 200\n") > 3, text[:500]
    seen = {name for name, value in {**MEMBER, "birth date": BIRTH}.items() if value in text}
    assert bool(seen) == (role in SEES_MEMBERS), (role, seen)


async def test_a_providers_own_people_find_them_and_nobody_finds_an_account(
    browser: httpx.AsyncClient, context: Context, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    life = await story(context)
    own = await known(context, "own", Role.PROVIDER_ADMIN)
    await of_payee(context.pool, own, life.payee_id)
    cookie = {"Cookie": f"__Host-session={await session_of(context, own)}"}
    page = await browser.get(f"/requests/{life.request_id}", headers=cookie)
    typed = {"csrf": csrf_in(page), "once": str(uuid4()), "routing": ROUTING, "number": ACCOUNT}
    where = f"/bank-account/{life.payee_id}"
    wrong = await browser.post(where, data=typed | {"again": "x", "kind": "checking"}, headers=cookie)
    assert wrong.status_code == 422
    text = wrong.text
    for login, role in (("own", Role.PROVIDER_ADMIN), ("aud", Role.AUDITOR), ("app", Role.ACCOUNT_APPROVER)):
        person = own if login == "own" else await known(context, login, role)
        text += await shown(browser, context, person, life)
    assert "••••8817" in text, "the account that waits is shown by its mask"
    assert ACCOUNT not in text and ROUTING not in text
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert not [one for one in (*MEMBER.values(), BIRTH, ACCOUNT, ROUTING) if one in logged]


SUSPICIONS = (Reason.EXCLUDED, Reason.EXCLUSION_NAME, Reason.DUPLICATE_NEAR, Reason.DUPLICATE_SUSPECT)
THEIRS = re.compile(
    r"exclu|may not be paid|nearly the same|have been billed|somebody else|compare both", re.IGNORECASE
)


def stopped_by(teller: Teller, number: str, reason: Reason, other: UUID) -> Life:
    """Found when it came in, stopped, opened for a person; or paid, and then to be recovered."""
    weighed = example("SubmissionExcepted", "nearly-billed-before").findings[0]
    likeness = reason.value.startswith("duplicate")
    match = weighed.duplicate.model_copy(update={"other_request_id": other}) if likeness else None
    found = weighed.model_copy(
        update={"reason": reason, "message": reason.sentence, "fix": None, "duplicate": match}
    )
    told: dict[str, Any] = {"findings": (found,)}
    life = Life(teller, number).received()
    life.says("SubmissionExcepted", reason=reason, other_request_id=other if likeness else None, **told)
    return life.says("ReviewOpened", reasons=(reason,), **told)


@pytest.mark.parametrize("reason", SUSPICIONS)
async def test_no_page_tells_a_provider_whom_they_are_suspected_to_be_or_to_repeat(
    browser: httpx.AsyncClient, context: Context, reason: Reason
) -> None:
    teller = Teller()
    other = Life(teller, "THEIR-CLAIM-7", npi="1093817465").received()
    waits = stopped_by(teller, "CLM-1", reason, other.request_id)
    stopped = Life(teller, "CLM-2").received().says("SubmissionExcepted", reason=reason)
    paid = Life(teller, "CLM-3").paid()
    paid.says("RecoveryOpened", reason=reason, payment_id=paid.payment_id, decision_id=paid.decision)
    await told(context, teller)
    own = await known(context, "own", Role.PROVIDER_ADMIN)
    await of_payee(context.pool, own, paid.payee_id)
    text = "".join([await shown(browser, context, own, one) for one in (waits, stopped, paid)])
    assert text.count(" 200\n") > 9 and "CLM-2" in text
    assert (found := THEIRS.search(text)) is None, text[found.start() - 200 : found.end() + 50]
    assert str(other.request_id) not in text and other.number not in text
