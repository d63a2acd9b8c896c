"""One record that a service's database refuses delays its own request only, and is put right with one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sample_input.feed import request_id
from tests.whole_line import BY_KAFKA, WholeLine

from throughline.items import ItemStopped
from throughline.parked import RecordParked
from throughline.requests import WithdrawRequest

_REFUSE = """
create function refuse_one() returns trigger language plpgsql as $$ begin
    raise exception 'refused by a test' using errcode = 'check_violation';
end $$;
create trigger refuse_one before insert on items for each row when (new.request_id = '{request}')
    execute function refuse_one();
"""
_MEND = "drop trigger refuse_one on items; drop function refuse_one();"


@contextmanager
def payouts_database_refuses(line: WholeLine, request: UUID) -> Iterator[None]:
    line.stack.postgres.execute(_REFUSE.format(request=request), "payout")
    try:
        yield
    finally:
        line.stack.postgres.execute(_MEND, "payout")


def parked(line: WholeLine, reason: str) -> list[RecordParked]:
    return line.said(RecordParked, service="payout", reason=reason)


def test_a_parked_record_is_replayed_and_what_waited_behind_it_follows(line: WholeLine) -> None:
    bill, other = line.bill(line.new_payee()), line.bill(line.new_payee())
    request = request_id(BY_KAFKA, bill)
    with payouts_database_refuses(line, request):
        before = len(parked(line, "refused_by_database"))
        behind = len(parked(line, "behind_parked"))
        line.submit(bill)
        line.until(lambda: len(parked(line, "refused_by_database")) > before, "the approval to be parked")
        approval = parked(line, "refused_by_database")[-1]
        line.ask(WithdrawRequest(number=bill.number, version=1, payee=bill.payee), key=bill.number)
        line.until(lambda: len(parked(line, "behind_parked")) > behind, "what comes behind it to be parked")
        unaffected = line.submit(other)
        line.until(
            lambda: bool(line.http.get("payout", f"/v1/items/{unaffected}")), "the other request's item"
        )
        assert line.http.get("payout", f"/v1/items/{request}") == []

    at = f"{approval.coordinates.topic}/{approval.coordinates.partition}@{approval.coordinates.offset}"
    assert at in line.command("parked", "list", "--service", "payout")
    assert "payout applied" in line.command("parked", "replay", at)
    stopped = line.until_said(ItemStopped, request_id=request)
    assert stopped.cause == "withdrawal"
    line.until_state(request, "Approved (withdrawn)")
    (item,) = line.http.get("payout", f"/v1/items/{request}")
    assert item["state"] == "stopped"
