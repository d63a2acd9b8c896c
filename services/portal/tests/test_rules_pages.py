"""Operators publish rules by two, each seeing what they change; everybody reads what concerns them of a decision."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from portal_people import TrueTime, csrf_in, known, sign_in
from portal_stories import Life, Teller
from test_step_up import challenge_in, with_passkey

from chassis import Context, testing
from portal.app import service
from portal.pages.rules import PREVIEWS_A_MINUTE
from portal.rule_book import RuleBook
from portal.rules import Role
from throughline.message import Message
from throughline.rule_sets import KEY, PublishRuleSet, RuleFile, RuleSetPublished, files_sha256
from throughline.signed import SECOND_SIGNATURE, SIGNATURE, STEP_UP, verify

FILES = {"claim.toml": "[[rule]]\n"}
RULE = {
    "rule": "charge-limit", "version": 1, "effective_from": "2026-01-01", "effective_to": None, "severity": "deny",
    "scope": "request", "programme": None, "payer": None, "field": "total_cents", "reason": "timely_filing",
    "message": "More is charged than the limit.", "fix": "Charge less.", "margin": None, "carc": None,
}  # fmt: skip
PAYEE = UUID(int=5)
OWN = {"version": 0, "effective_from": None, "until": None, "deciding": True, "sha256": None, "note": None}


REAL_ASK, REAL_CLIENT = RuleBook._ask, httpx.AsyncClient


class Validation:
    """Stands in for validation's HTTP API."""

    def __init__(self) -> None:
        self.problems: list[dict[str, Any]] = []
        self.explanation: dict[str, Any] = {"versions": []}
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def answer(self, book: RuleBook, method: str, path: str, **more: Any) -> dict[str, Any]:
        self.asked.append((path, more))
        change = {"change": "added", "rule": "charge-limit", "version": 1, "what": []}
        moved = {"request_id": str(PAYEE), "version": 1, "payee_id": str(PAYEE), "cents": -12_345}
        answers: dict[str, dict[str, Any]] = {
            "/v1/rules/published": {"sets": [OWN]},
            "/v1/rules/published/0": {"version": 0, "files": FILES, "rules": [RULE]},
            "/v1/rules/lint": {"problems": self.problems},
            "/v1/rules/read": {"rules": [RULE]},
            "/v1/rules/diff": {"changes": [{**change, "effective_from": "2026-01-01", "effective_to": None}]},
            "/v1/rules/preview": {
                "compared": 9,
                "left_open": 2,
                "kept_from": 76,
                "nothing_kept": 1,
                "changes": [{**moved, "stored": "approve", "candidate": "deny timely_filing"}],
                "next": None,
            },
        }
        return self.explanation if path.endswith("/explanation") else answers[path]


@pytest.fixture
def validation(monkeypatch: pytest.MonkeyPatch) -> Validation:
    made = Validation()

    async def ask(book: RuleBook, method: str, path: str, **more: Any) -> dict[str, Any]:
        return await made.answer(book, method, path, **more)

    monkeypatch.setattr(RuleBook, "_ask", ask)
    return made


def zipped() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in FILES.items():
            archive.writestr(name, text)
    return made.getvalue()


async def candidate(
    browser: httpx.AsyncClient, do: str, note: str = "The year's limit.", content: bytes | None = None
) -> httpx.Response:
    csrf = csrf_in(await browser.get("/rules"))
    return await browser.post(
        "/rules/candidates",
        data={"csrf": csrf, "do": do, "effective_from": "2026-04-01", "note": note},
        files={"file": ("rules.zip", zipped() if content is None else content, "application/zip")},
    )


async def proposed(browser: httpx.AsyncClient) -> str:
    answer = await candidate(browser, "propose")
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def press(browser: httpx.AsyncClient, path: str, button: str) -> httpx.Response:
    page = await browser.get(path)
    once = re.search(r'name="once" value="([^"]*)"', page.text)
    data = {"csrf": csrf_in(page), "once": once[1] if once else str(uuid4())}
    return await browser.post(f"{path}/{button}", data=data)


async def test_a_candidate_is_looked_at_and_nothing_is_kept(
    browser: httpx.AsyncClient, context: Context, validation: Validation
) -> None:
    await sign_in(browser, await known(context, "olga", Role.OPERATOR))
    page = await candidate(browser, "look", note="")
    assert page.status_code == 200
    for shown in ("More is charged than the limit.", "charge-limit", "-$123.45", "Denied by the system"):
        assert shown in page.text
    query = next(more["params"] for path, more in validation.asked if path == "/v1/rules/preview")
    assert (query["effective_from"], query["to"]) == ("2026-04-01", str(context.clock.today()))
    assert "Waits for a second operator" not in (await browser.get("/rules")).text


async def test_previews_of_one_person_are_so_many_in_a_minute(
    browser: httpx.AsyncClient, context: Context, validation: Validation
) -> None:
    await sign_in(browser, await known(context, "olga", Role.OPERATOR))
    where = await proposed(browser)
    seen = [(await browser.get(where, params={"days": 1})).status_code for _ in range(PREVIEWS_A_MINUTE + 1)]
    assert seen == [200] * PREVIEWS_A_MINUTE + [429]
    assert (await browser.get(where)).status_code == 200, "what it changes is read all the same"
    asked = [path for path, _ in validation.asked if path == "/v1/rules/preview"]
    assert len(asked) == PREVIEWS_A_MINUTE


async def test_who_asks_while_enough_others_wait_is_told_when_to_ask_again(
    browser: httpx.AsyncClient,
    context: Context,
    validation: Validation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await sign_in(browser, await known(context, "olga", Role.OPERATOR))
    where = await proposed(browser)

    def answered(request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": "7"}, json={"detail": "others are served"})

    def client(**_: Any) -> httpx.AsyncClient:
        return REAL_CLIENT(transport=httpx.MockTransport(answered), base_url="http://validation")

    named = context.settings.model_copy(update={"validation_url": "http://validation"})
    monkeypatch.setattr(context, "settings", named)
    monkeypatch.setattr(RuleBook, "_ask", REAL_ASK)
    monkeypatch.setattr("portal.rule_book.httpx.AsyncClient", client)
    page = await browser.get(where, params={"days": 1})
    assert (page.status_code, page.headers["retry-after"]) == (429, "7")
    assert "Others are asking just now" in page.text


async def test_what_cannot_be_published_is_not_proposed(
    browser: httpx.AsyncClient, context: Context, validation: Validation
) -> None:
    await sign_in(browser, await known(context, "olga", Role.OPERATOR))
    for answer in (
        await candidate(browser, "propose", note=" "),
        await candidate(browser, "propose", content=b"x"),
    ):
        assert answer.status_code == 422
    validation.problems = [
        {"file": "claim.toml", "rule": "units", "version": 2, "problem": "expression is not CEL"}
    ]
    answer = await candidate(browser, "propose")
    assert answer.status_code == 422 and "expression is not CEL" in answer.text
    assert "Waits for a second operator" not in (await browser.get("/rules")).text


async def test_two_operators_publish_and_the_second_proves_that_it_is_they(
    browser: httpx.AsyncClient, context: Context, validation: Validation, true_time: TrueTime
) -> None:
    olga, omar = await known(context, "olga", Role.OPERATOR), await known(context, "omar", Role.OPERATOR)
    passkey = await with_passkey(context, omar)
    await sign_in(browser, olga)
    path = await proposed(browser)
    assert "Another operator must publish this" in (await browser.get(path)).text
    assert (await press(browser, path, "publish")).status_code == 409
    await sign_in(browser, omar)
    preview = await browser.get(f"{path}?days=30")
    assert "a threshold from 76 on is answered in full. Of one no score" in preview.text
    assert "-$123.45" in preview.text and files_sha256_of() in preview.text
    step_up = (await press(browser, path, "publish")).headers["location"]
    assert files_sha256_of() in (await browser.get(step_up)).text
    assert await testing.said_in(context.pool) == []
    credential = passkey.answer(await challenge_in(context, step_up)).decode()
    csrf = csrf_in(await browser.get(step_up))
    answer = await browser.post(step_up, data={"csrf": csrf, "credential": credential})
    assert answer.headers["location"] == "/rules"
    (record,) = await testing.said_in(context.pool)
    headers = dict(record.headers)
    command = PublishRuleSet.model_validate_json(record.value)
    assert (command.version, command.effective_from, command.sha256) == (
        1,
        date(2026, 4, 1),
        files_sha256_of(),
    )
    assert (command.actor, command.second_actor) == (str(omar.person_id), str(olga.person_id))
    signers = [
        verify(headers[name], record.value, context.resources.signing_key)
        for name in (SIGNATURE, SECOND_SIGNATURE)
    ]
    assert [(one.person_id, one.role, one.topic) for one in signers] == [
        (omar.person_id, "operator", "rules"),
        (olga.person_id, "operator", "rules"),
    ]
    assert headers[STEP_UP] == credential.encode()
    assert (await browser.get(path)).status_code == 404, "it waits no more"


def files_sha256_of() -> str:
    return files_sha256([RuleFile(name=name, text=text) for name, text in FILES.items()])


async def test_what_somebody_else_published_meanwhile_is_not_published_over(
    browser: httpx.AsyncClient, context: Context, validation: Validation
) -> None:
    olga, omar = await known(context, "olga", Role.OPERATOR), await known(context, "omar", Role.OPERATOR)
    await sign_in(browser, olga)
    path = await proposed(browser)
    published: Message = RuleSetPublished(
        version=1, effective_from=date(2026, 1, 1), sha256="0" * 64, rule_count=1, published_by=omar.person_id,
        second_person=olga.person_id, note="Another.",
    )  # fmt: skip
    await testing.deliver(service, context, [testing.heard(published, KEY, topic="decisions")])
    await sign_in(browser, omar)
    assert (await press(browser, path, "publish")).status_code == 412
    assert (await press(browser, path, "drop")).status_code == 303
    assert (await browser.get(path)).status_code == 404


async def test_an_auditor_reads_and_publishes_nothing(
    browser: httpx.AsyncClient, context: Context, validation: Validation
) -> None:
    await sign_in(browser, await known(context, "olga", Role.OPERATOR))
    path = await proposed(browser)
    await sign_in(browser, await known(context, "ava", Role.AUDITOR))
    page = await browser.get(path)
    assert page.status_code == 200 and "Confirm and publish" not in page.text
    assert (await browser.get("/rules/sets/0?beside=0")).status_code == 200
    assert (await browser.post(f"{path}/publish", data={"csrf": csrf_in(page)})).status_code == 403


async def test_a_provider_reads_why_of_their_own_request_and_nothing_of_the_staffs(
    browser: httpx.AsyncClient, context: Context, validation: Validation
) -> None:
    ann, rita = await known(context, "ann", Role.PROVIDER_ADMIN), await known(context, "rita", Role.REVIEWER)
    stranger = await known(context, "sam", Role.PROVIDER_ADMIN)
    teller = Teller()
    life = Life(teller, "CLM-1")
    life.payee_id = ann.payee_id
    life.received()
    await testing.deliver(service, context, teller.told)
    validation.explanation = EXPLANATION
    own, whole = f"/requests/{life.request_id}/why", f"/audit/requests/{life.request_id}/why"
    await sign_in(browser, ann)
    page = (await browser.get(own)).text
    assert "The code is not known." in page and "Send it with the right code." in page
    assert "charge-limit" not in page and "77 of 100" not in page and "Too dear." not in page
    await sign_in(browser, stranger)
    assert (await browser.get(own)).status_code == 404
    await sign_in(browser, rita)
    page = (await browser.get(whole)).text
    assert "charge-limit" in page and "77 of 100" in page and "2026-02-01" in page
    await sign_in(browser, await known(context, "olga", Role.OPERATOR))
    page = (await browser.get(whole)).text
    assert "charge-limit" in page and "2026-02-01" not in page


EXPLANATION = {
    "versions": [
        {
            "version": 1, "state": "review", "reason": None, "verdict": "review procedure_code", "verdict_cents": None,
            "paid_cents": None, "price": [], "used_up": [], "differs": [],
            "pinned": {
                "rule_set": None, "reference_revision": 3, "contract_id": None, "contract": None, "fee_schedule": None
            },
            "rules": [
                {
                    "rule": "charge-limit", "version": 1, "scope": "request", "line": None, "verdict": "passed",
                    "read": {"total_cents": 1, "uncovered_on": "2026-02-01"}, "margin": 7, "severity": "deny",
                    "field": "lines", "message": "Too dear.", "fix": "Charge less.",
                }
            ],
            "duplicates": [
                {
                    "rule": "near", "rule_version": 1, "severity": "review", "reason": "duplicate_suspect",
                    "field": None, "message": "As before.", "fix": None,
                    "duplicate": {"score": 77, "other_request_id": str(PAYEE)},
                }
            ],
            "findings": [
                {
                    "rule": "code", "rule_version": 1, "severity": "deny", "reason": "procedure_code",
                    "field": "lines[0].code", "message": "The code is not known.",
                    "fix": "Send it with the right code.", "duplicate": None,
                }
            ],
        }
    ]
}  # fmt: skip
