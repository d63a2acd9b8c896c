"""I11: no personal, health or bank data in logs, traces, metrics, keys, headers or errors.

Canaries stand in every sensitive field, through every channel and into every way to fail. Then everything that the line
leaves behind is searched, in clear, in hexadecimal and in base 64. Each search must also find what it is shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sample_input import numbers
from sample_input.codes import AUTHORISED_CODE
from sample_input.csv_rows import write_csv
from sample_input.feed import envelope_headers, request_id
from sample_input.reference import Provider, build_world
from sample_input.scenario import next_version, with_line
from sample_input.x12 import write_837p
from tests.canaries import (
    Canaries,
    Heard,
    every_record,
    in_columns,
    in_command_lines,
    in_envelopes,
    in_files,
    in_values,
)
from tests.span_sink import SpanSink
from tests.starting import started
from tests.whole_line import BY_FILE, BY_HTTP, BY_KAFKA, WholeLine, as_json

from throughline.accounts import AccountHeld
from throughline.decisions import CommandRefused
from throughline.flow import INTAKE, PAYEES, REVIEWS, SERVICES
from throughline.identifiers import payee_id_for, routing_is_valid
from throughline.parked import RecordParked
from throughline.payees import EnrolAccount
from throughline.payments import PaymentReturned, PaymentSent
from throughline.requests import PaymentRequest, Subject, SubmitRequest, WithdrawRequest
from throughline.reviews import DecideReview
from throughline.sealed import BankAccount, seal_account
from throughline.sensitive import Sensitive, SensitiveDate, SensitiveTin
from throughline_cli.demo import reference

COUNTY = "lake-county"
ROUTING = next(f"07192384{digit}" for digit in range(10) if routing_is_valid(f"07192384{digit}"))
CANARIES = Canaries(
    {
        "member id": "CNRY7741903",
        "last name": "Zabriskovitch",
        "first name": "Ottolinnea",
        "birth date": "1931-07-29",
        "TIN": "938271650",
        "case number": "CASE-CNRY-55821",
        "routing": ROUTING,
        "account": "9901034402938817",  # the sandbox bank sends it back with R03
        "unsealed account": "4402938817999",  # its seal does not open, or it stands where no account may
        "note": "Quixotic wheezing at night",
        "key": "cnry-partner-key-88213",
        "api key": "cnry_api_key_5520917734",
    }
)
V = CANARIES.values
PERSON = {"member id", "last name", "first name", "birth date", "TIN"}
CARRIED = {
    INTAKE.of(BY_KAFKA): {*CANARIES.values},
    INTAKE.of(COUNTY): {*CANARIES.values},
    INTAKE.of("leaky-stranger"): {*CANARIES.values},
    "submissions": PERSON | {"case number", "note"},
    "decisions": PERSON | {"note"},
    "items": PERSON,
    "reviews": {"note"},
    "payees": {"TIN", "last name"},  # a command of ours that is broken on purpose
    "payments": {"routing"},
    "reference.providers": {"TIN"},
}
"""What the contract lets stand in the values of each topic; nothing on any other."""
IN_BANK_FILES = {"public.batches.file_bytes", "public.bank_files.content"}


class Leaky:
    """Everything that can go well or wrong on the line, with canaries in it; and every answer that was given."""

    def __init__(self, line: WholeLine) -> None:
        self.line = line
        self.answers: list[tuple[str, str]] = []
        """What was called, and the body of its answer."""
        self.payee = _provider()
        self.requests: list[UUID] = []

    def bill(self, **changes: Any) -> PaymentRequest:
        subject = Subject(
            member_id=Sensitive(V["member id"]),
            last_name=Sensitive(V["last name"]),
            first_name=Sensitive(V["first name"]),
            birth_date=SensitiveDate(V["birth date"]),
        )
        return self.line.bill(self.payee, subject=subject, **changes)

    # Kafka

    def by_kafka(self) -> None:
        line, bill = self.line, self.bill()
        self.requests.append(line.submit(bill))
        line.until_state(self.requests[-1], "Approved")
        denied = with_line(self.bill(), 0, code=AUTHORISED_CODE, modifiers=())
        self.requests.append(line.submit(denied))
        stopped = self.bill(total_cents=1)
        self.requests.append(line.submit(stopped))
        line.ask(SubmitRequest(request=self.bill(number=bill.number)))
        self._withdrawn()
        for value in self._bad_values(bill):
            at = line.raw_record(
                INTAKE.of(BY_KAFKA), value, V["key"].encode(), self._headers("SubmitRequest")
            )
            assert line.answer_to(at).outcome in ("refused", "parked")
        self._bad_headers(bill)
        self._conflict(bill)
        child = line.maker.child_care(line.world.of_role("child-care")[0], 9)
        assert child.child_care is not None
        care = child.child_care.model_copy(update={"case_number": Sensitive(V["case number"])})
        self.requests.append(
            line.submit(child.model_copy(update={"child_care": care, "subject": bill.subject}), COUNTY)
        )

    def _headers(self, kind: str) -> dict[str, str]:
        return envelope_headers(f"throughline.{kind}", f"urn:throughline:schema:{kind}:1", BY_KAFKA, uuid4())

    def _withdrawn(self) -> None:
        line, bill = self.line, self.bill()
        self.requests.append(line.submit(bill))
        line.ask(WithdrawRequest(number=bill.number, version=1, payee=bill.payee, note=V["note"]))
        line.ask(WithdrawRequest(number=bill.number, version=7, payee=bill.payee, note=V["note"]))

    def _bad_values(self, bill: PaymentRequest) -> Iterator[bytes]:
        """Each breaks another rule, with a canary where it breaks."""
        whole = as_json(bill)

        def told(**changes: Any) -> bytes:
            return json.dumps({"request": whole | changes}).encode()

        yield told(number="B1")[:-2]  # cut
        yield b"\xff" + told(number="B2")
        yield json.dumps([V["member id"]]).encode()
        yield told(number="B3").replace(b'"payer"', b'"payee": "' + V["TIN"].encode() + b'", "payer"')
        yield told(number="B4", subject=whole["subject"] | {"member_id": V["member id"] * 9})
        yield told(number="B5", subject=whole["subject"] | {"birth_date": V["last name"]})
        yield told(number="B6", payee=whole["payee"] | {"tin": V["TIN"] + "X"})
        yield told(number="B7", **{V["member id"]: 1})
        yield told(number="B8", bank_account=V["unsealed account"])
        yield told(number="B9", total_cents=V["TIN"])
        yield told(number="B10", lines=V["last name"])
        yield told(number=V["last name"] + "~")
        yield told(number="B11", payer=V["member id"] + " ")
        yield told(number="B12", currency=V["first name"])
        yield told(number="B13", diagnoses=[V["last name"]])

    def _bad_headers(self, bill: PaymentRequest) -> None:
        value = json.dumps({"request": as_json(bill) | {"number": "H1"}}).encode()
        for changed in (
            {"ce_type": V["last name"]},
            {"ce_dataschema": V["member id"]},
            {"ce_time": V["birth date"]},
            {"ce_id": V["member id"]},
            {"ce_subject": V["last name"], "traceparent": V["TIN"], V["last name"]: V["TIN"]},
        ):
            at = self.line.raw_record(
                INTAKE.of(BY_KAFKA), value, V["key"].encode(), self._headers("SubmitRequest") | changed
            )
            self.line.answer_to(at)

    def _conflict(self, bill: PaymentRequest) -> None:
        headers = self._headers("SubmitRequest")
        for total in (5, 6):
            value = json.dumps({"request": as_json(bill) | {"number": "C1", "total_cents": total}}).encode()
            at = self.line.raw_record(INTAKE.of(BY_KAFKA), value, V["key"].encode(), headers)
            answer = self.line.answer_to(at)
        assert answer.outcome == "conflict"

    def by_a_stranger(self) -> None:
        self.line.stack.add_partner("leaky-stranger")
        at = self.line.record(SubmitRequest(request=self.bill()), "leaky-stranger", V["key"])
        self.line.until_said(RecordParked, coordinates=at)

    # HTTP and files

    def call(self, service: str, method: str, path: str, **more: Any) -> httpx.Response:
        answer = httpx.request(method, f"{self.line.stack.http_url(service)}{path}", timeout=30, **more)
        self.answers.append(
            (f"{service} {method} {path} {answer.status_code}", f"{answer.headers}{answer.text}")
        )
        return answer

    def by_http(self) -> None:
        bill = self.bill()
        good = {
            "authorization": f"Bearer {self.line.world.api_keys[BY_HTTP]}",
            "content-type": "application/json",
        }
        body = json.dumps({"request": as_json(bill)}).encode()

        def post(content: bytes, key: str = "", **headers: str) -> int:
            named = {"idempotency-key": key or str(uuid4())} | good | headers
            return self.call("intake", "POST", "/v1/requests", content=content, headers=named).status_code

        assert post(body, "k1") == 201 and post(body, "k1") == 201 and post(body) == 200
        assert post(body.replace(b"BLUEHARBOR", b"STATEPLAN"), "k1") == 422
        assert post(body, authorization=f"Bearer {V['api key']}") == 401
        assert post(body, **{"content-type": V["last name"]}) == 415
        assert post(body, V["last name"] * 20) == 400
        assert post(b"{" + body) == 400
        assert post(body[:100] * 9_000) == 413
        for value in self._bad_values(bill):
            assert post(value) in (400, 422)
        mine = {"authorization": good["authorization"]}
        self.requests.append(request_id(BY_HTTP, bill))
        assert (
            self.call("intake", "GET", f"/v1/requests/{self.requests[-1]}", headers=mine).status_code == 200
        )
        assert self.call("intake", "GET", f"/v1/requests/{V['member id']}", headers=mine).status_code == 404
        assert self.call("intake", "GET", f"/v1/files/{V['member id']}", headers=mine).status_code == 404

    def by_file(self) -> None:
        bills = [self.bill(), self.bill(total_cents=3), self.bill()]
        day = self.line.now().date()
        whole = write_837p(
            [(bill, self.payee.record) for bill in bills[:2]], sender=BY_FILE, control=7, day=day
        )
        rows = write_csv([bills[2]])
        name = V["last name"].encode()
        for content, kind in (
            (whole, "application/edi-x12"),
            (whole[: len(whole) * 2 // 3], "application/edi-x12"),
            (whole.replace(b"*MI*", b"*MI*" + b"Z" * 90), "application/edi-x12"),
            (whole.replace(b"DMG*D8*19310729", b"DMG*D8*" + name), "application/edi-x12"),
            (whole.replace(b"SE*", b"SE*" + V["TIN"].encode()), "application/edi-x12"),
            (name + whole, "application/edi-x12"),
            (rows, "text/csv"),
            (rows.replace(b"birth_date", name), "text/csv"),
            (rows.replace(V["birth date"].encode(), name), "text/csv"),
            (rows + name, "text/csv"),
            (rows.replace(b",total", b",total," + name), "text/csv"),
        ):
            self._file(content, kind)

    def _file(self, content: bytes, kind: str) -> None:
        auth = {"authorization": f"Bearer {self.line.world.api_keys[BY_FILE]}"}
        headers = auth | {"idempotency-key": str(uuid4()), "content-type": kind}
        receipt = (
            self.call("intake", "POST", "/v1/files", content=content, headers=headers)
            .json()
            .get("receipt_id")
        )
        if receipt is None:
            return
        path = f"/v1/files/{receipt}"
        url = f"{self.line.stack.http_url('intake')}{path}"
        self.line.until(
            lambda: httpx.get(url, headers=auth, timeout=30).json()["state"] != "waiting",
            "the file to be read",
        )
        self.call("intake", "GET", path, headers=auth)
        self.call("intake", "GET", f"{path}/claims.csv", headers=auth)

    # accounts and reviews

    def by_enrolment(self) -> None:
        line, payee = self.line, self.payee
        reference.publish(line.speaker, "providers", [payee.record])
        line.enrol(payee, V["account"])
        other = payee_id_for("npi", "1999999984")
        for account, sealed_for, routing in (
            (V["unsealed account"], other, ROUTING),
            (V["unsealed account"] + " ~", payee.record.payee_id, ROUTING),
            (V["unsealed account"], payee.record.payee_id, "071923840"),
        ):
            command = self._enrolment(BankAccount(routing, account, "checking"), sealed_for)
            line.until_said(
                CommandRefused, command_id=line.speaker.say(PAYEES.name, command, str(payee.record.payee_id))
            )
        whole = json.loads(self._enrolment(BankAccount(ROUTING, "1", "checking"), other).model_dump_json())
        key = str(payee.record.payee_id).encode()
        for changed in (
            {"tin": V["TIN"] + "9"},
            {"kind": V["last name"]},
        ):
            headers = envelope_headers(EnrolAccount.type_name(), EnrolAccount.dataschema(), "cli", uuid4())
            value = json.dumps(whole | changed).encode()
            stands = line.raw_record(PAYEES.name, value, key, headers | {"ce_subject": "x"})
            line.until_said(RecordParked, coordinates=stands, service="payout")
        line.raw_record(PAYEES.name, b"{" + json.dumps(whole).encode(), key, {})

    def _enrolment(self, account: BankAccount, sealed_for: UUID) -> EnrolAccount:
        return EnrolAccount(
            payee_id=self.payee.record.payee_id, kind="npi", identifier=self.payee.record.identifier,
            tin=SensitiveTin(V["TIN"]), name="Canary Clinic", speaker="cli", verified_by="bank-letter",
            sealed_account=seal_account(
                account, payee_id=sealed_for, speaker="cli",
                public_key=reference.sealing_key(self.line.stack.places.keys),
            ),
        )  # fmt: skip

    def by_review(self) -> None:
        line = self.line
        bill = self.bill()
        bill = with_line(
            bill.model_copy(update={"lines": bill.lines[:1]}), 0,
            code="G0121", modifiers=(), units_thousandths=10_000, charge_cents=400_000,
        )  # fmt: skip
        request = line.submit(bill)
        line.until_state(request, "In review")
        stale = DecideReview(
            request_id=request, version=1, answers=uuid4(), decision="deny", note=V["note"], actor="R. Viewer"
        )
        line.until_said(CommandRefused, command_id=line.speaker.say(REVIEWS.name, stale, str(request)))
        line.command("review", "return", str(request), "--note", V["note"])
        line.until_state(request, "Exception")
        line.submit(next_version(bill, request).model_copy(update={"invoice_number": "EDITED"}))
        line.until_state(request, "In review", version=2)
        line.command("review", "deny", str(request), "--note", V["note"])
        line.until_state(request, "In review (denied)", version=2)
        self.requests.append(request)

    # databases and the bank

    def when_databases_refuse(self) -> None:
        """The error's detail names the person, as PostgreSQL's own details do."""
        for database, table in (("intake", "bodies"), ("validation", "versions"), ("payout", "items")):
            bill = self.bill()
            with _refusing(self.line, database, table, request_id(BY_KAFKA, bill)):
                self.line.record(SubmitRequest(request=bill), BY_KAFKA)
                parked = self.line.until_said(RecordParked, service=database, reason="refused_by_database")
            at = parked.coordinates
            self.line.rest()
            self.line.command("parked", "replay", f"{at.topic}/{at.partition}@{at.offset}")
            self.requests.append(request_id(BY_KAFKA, bill))
            self.line.until_state(self.requests[-1], "Approved")
        bill = self.bill()
        headers = {
            "authorization": f"Bearer {self.line.world.api_keys[BY_HTTP]}",
            "content-type": "application/json",
            "idempotency-key": str(uuid4()),
        }
        with _refusing(self.line, "intake", "bodies", request_id(BY_HTTP, bill)):
            body = json.dumps({"request": as_json(bill)}).encode()
            answer = self.call("intake", "POST", "/v1/requests", content=body, headers=headers)
        assert answer.status_code == 500

    def at_the_bank(self) -> None:
        """Paid into the canary account, explained, and sent back."""
        line = self.line
        line.pass_the_settlement(line.pass_the_cutoff())
        sent = line.until_said(PaymentSent, payee_id=self.payee.record.payee_id)
        line.pass_banking_days(1, time(8, 0))
        line.until_said(PaymentReturned, payment_id=sent.payment_id)
        line.until_said(AccountHeld, payee_id=self.payee.record.payee_id)
        assert len(line.entries(V["account"])) >= 1

    def looked_at(self) -> None:
        """Everything that shows something: pages for people, and calls that go wrong with canaries in them."""
        for service in SERVICES:
            for path in ("/live", "/ready", "/idle", "/metrics", f"/{V['last name']}"):
                self.call(service, "GET", path)
        for service, path in (
            ("validation", "/v1/reviews"),
            ("validation", "/v1/reviews?state=exception"),
            ("payout", "/v1/batches"),
            ("payout", "/v1/windows"),
            ("payout", "/v1/ledger"),
            ("payout", "/v1/findings?all=true"),
            ("payout", f"/v1/payments?payee_id={self.payee.record.payee_id}"),
            ("remittance", "/v1/remittances"),
            ("remittance", "/v1/remittances.csv"),
            ("remittance", "/v1/reconciliation"),
        ):
            assert self.call(service, "GET", path).status_code == 200, path
        for payment in self.line.http.get("payout", f"/v1/payments?payee_id={self.payee.record.payee_id}"):
            self.call("payout", "GET", f"/v1/payments/{payment['payment_id']}")
        for service, method, path, body in WRONG_CALLS:
            answer = self.call(service, method, path, json=body)
            assert 400 <= answer.status_code < 500, (path, answer.status_code)
        for request in self.requests:
            self.line.until_status(request, "version 1")
            for word in ("status", "explain"):
                self.answers.append((word, self.line.command(word, str(request))))
            for service, path in (
                ("audit", f"/v1/requests/{request}/timeline"),
                ("audit", f"/v1/messages?correlation={request}"),
                ("validation", f"/v1/requests/{request}"),
                ("payout", f"/v1/items/{request}"),
            ):
                self.call(service, "GET", path)
        for words in (("review", "list", "--exceptions"), ("parked", "list")):
            self.answers.append((" ".join(words), self.line.command(*words)))


CANARY = V["last name"]
WRONG_CALLS: tuple[tuple[str, str, str, Any], ...] = (
    ("audit", "GET", f"/v1/requests/{CANARY}/timeline", None),
    ("audit", "GET", f"/v1/records/{CANARY}/0/0", None),
    ("audit", "GET", f"/v1/records/decisions/{CANARY}/0", None),
    ("audit", "GET", f"/v1/proofs/{CANARY}/0/0", None),
    ("audit", "POST", f"/v1/verify?root={CANARY}", None),
    ("audit", "POST", "/v1/erasures", {"topic": CANARY, "partition": CANARY, "offset": 0}),
    ("audit", "POST", "/v1/erasures", [CANARY]),
    ("validation", "GET", f"/v1/requests/{CANARY}", None),
    ("validation", "GET", f"/v1/reviews?state={CANARY}", None),
    ("validation", "GET", f"/v1/rules?on={CANARY}", None),
    ("payout", "GET", f"/v1/items/{CANARY}", None),
    ("payout", "GET", f"/v1/payments?payee_id={CANARY}", None),
    ("payout", "POST", f"/v1/cutoff?bank={CANARY}", None),
    ("payout", "POST", f"/v1/findings/{uuid4()}/resolution", {"actor": [CANARY]}),
    ("payout", "POST", f"/v1/batches/{uuid4()}/resolution", {"outcome": CANARY, "actor": "x"}),
    ("remittance", "GET", f"/v1/remittances/{CANARY}", None),
    ("remittance", "GET", f"/v1/remittances?payment_id={CANARY}", None),
    ("intake", "POST", "/v1/requests", {"request": CANARY}),
)


def _provider() -> Provider:
    """A provider whose TIN, account and bank are canaries."""
    seeded = Random(31)
    npi = numbers.npi(seeded)
    like = build_world(seeded, {}, clean_providers=1).one("clean")
    record = like.record.model_copy(
        update={
            "payee_id": payee_id_for("npi", npi),
            "identifier": npi,
            "npi": npi,
            "tin": SensitiveTin(V["TIN"]),
            "name": "Canary Clinic",
            "enrolled_from": date(2024, 1, 1),
        }
    )
    return replace(like, record=record, account=V["account"], routing=ROUTING, bank_name="Canary Clinic")


_REFUSE = """
create function refuse_one() returns trigger language plpgsql as $$ begin
    raise exception 'refused' using errcode = 'check_violation', detail = '{told}', hint = '{told}';
end $$;
create trigger refuse_one before insert on {table} for each row when (new.request_id = '{request}')
    execute function refuse_one();
"""


@contextmanager
def _refusing(line: WholeLine, database: str, table: str, request: UUID) -> Iterator[None]:
    told = " ".join(V[name] for name in sorted(PERSON))
    line.stack.postgres.execute(_REFUSE.format(told=told, table=table, request=request), database)
    try:
        yield
    finally:
        line.stack.postgres.execute(
            f"drop trigger refuse_one on {table}; drop function refuse_one();", database
        )


@pytest.fixture(scope="module")
def spans() -> Iterator[SpanSink]:
    with SpanSink() as sink:
        yield sink


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, spans: SpanSink) -> Iterator[WholeLine]:
    """A line of its own: what is broken here on purpose must not stand in the way of the journeys."""
    with started(tmp_path_factory.mktemp("leaky"), spans) as line:
        yield line


@pytest.fixture(scope="module")
def leaky(line: WholeLine) -> Leaky:
    """The line after all of it."""
    made = Leaky(line)
    made.by_enrolment()
    line.rest()
    made.by_kafka()
    made.by_a_stranger()
    made.by_http()
    made.by_file()
    made.by_review()
    made.when_databases_refuse()
    made.at_the_bank()
    line.rest()
    made.looked_at()
    return made


@pytest.fixture(scope="module")
def records(leaky: Leaky) -> list[Heard]:
    return every_record(leaky.line.stack.kafka_bootstrap)


pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_no_log_tells(leaky: Leaky, tmp_path: Path) -> None:
    logs = leaky.line.stack.places.logs
    assert {path.name for path in logs.iterdir()} >= {
        "intake-1.log",
        "payout-1.log",
        "postgres.log",
        "bank.log",
    }
    assert in_files(logs, CANARIES) == {}
    (tmp_path / "planted.log").write_text(json.dumps({"error": f"bad member {V['member id']}"}))
    (tmp_path / "hex.log").write_text(f"Failing row contains (\\x{V['last name'].encode().hex()})")
    assert in_files(tmp_path, CANARIES) == {"planted.log": {"member id"}, "hex.log": {"last name"}}


def test_nothing_is_left_in_temporary_files(leaky: Leaky) -> None:
    assert in_files(leaky.line.stack.places.temporary, CANARIES) == {}


def test_no_answer_over_http_or_at_a_terminal_tells(leaky: Leaky) -> None:
    """Notes are for people to read, and a routing number names a bank; all else is masked. Errors repeat nothing."""
    hidden = CANARIES.but("note", "routing")
    told = {what: hidden.in_text(body) for what, body in leaky.answers}
    assert {what: found for what, found in told.items() if found} == {}
    assert len(leaky.answers) > 100
    assert any("<sensitive>" in body for what, body in leaky.answers if "timeline" in what)
    errors = [body for what, body in leaky.answers if what.split()[-1][:1] in ("4", "5")]
    assert errors and not CANARIES.in_text("".join(errors))


def test_no_metric_tells(leaky: Leaky) -> None:
    shown = [body for what, body in leaky.answers if " /metrics " in what]
    assert len(shown) == len(SERVICES)
    assert all("throughline_records_heard" in one for one in shown)
    assert CANARIES.in_text("".join(shown)) == set()


def test_no_span_tells(leaky: Leaky, spans: SpanSink) -> None:
    leaky.line.until(
        lambda: b"payout" in spans.spans() and b"intake" in spans.spans(), "spans to be exported"
    )
    assert CANARIES.around(spans.spans()) == {}


def test_no_key_or_header_of_ours_tells(records: list[Heard]) -> None:
    ours = [one for one in records if not one.topic.startswith("intake.")]
    assert in_envelopes(ours, CANARIES) == {}
    theirs = [one for one in records if one.topic.startswith("intake.")]
    told = set().union(*in_envelopes(theirs, CANARIES).values())
    assert told >= {"key", "last name", "TIN"}, "the search does not see what partners put there"


def test_no_value_carries_more_than_its_contract_says(records: list[Heard]) -> None:
    carried = in_values(records, CANARIES)
    assert {topic: found - CARRIED.get(topic, set()) for topic, found in carried.items()} == {
        topic: set() for topic in carried
    }
    assert carried["submissions"] >= PERSON and carried["decisions"] >= PERSON, "the search does not see"
    assert carried["payments"] == {"routing"}
    assert not any("account" in found for found in carried.values()), "an account travels in clear"


def test_an_account_lies_in_clear_only_in_the_bank_files(leaky: Leaky) -> None:
    server = leaky.line.stack.postgres
    held = {database: in_columns(server, database, V["account"]) for database in SERVICES}
    assert held == {database: IN_BANK_FILES if database == "payout" else set() for database in SERVICES}


def test_the_search_of_databases_finds_what_is_planted(leaky: Leaky) -> None:
    """As text, and within bytes."""
    server = leaky.line.stack.postgres
    server.execute(
        f"create table planted (words text, bytes bytea); insert into planted values ('an {V['account']}', null),"
        f" (null, '\\x00{V['account'].encode().hex()}00')",
        "remittance",
    )
    try:
        found = in_columns(server, "remittance", V["account"])
    finally:
        server.execute("drop table planted", "remittance")
    assert found == {"public.planted.words", "public.planted.bytes"}


def test_no_command_line_tells(leaky: Leaky) -> None:
    running = leaky.line.stack.running()
    assert len(running) >= len(SERVICES) + 3
    assert in_command_lines(running.values(), CANARIES) == set()
    assert in_command_lines(running.values(), Canaries({"planted": "-m intake run".replace(" ", "\n")})) == {
        "planted"
    }
