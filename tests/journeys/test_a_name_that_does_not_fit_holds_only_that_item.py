"""A name of more than 22 plain characters is never cut: its item waits, and the rest of the batch goes."""

from __future__ import annotations

from tests.whole_line import WholeLine

from throughline.items import ItemHeld


def test_a_name_that_does_not_fit_holds_only_that_item(line: WholeLine) -> None:
    long_named, other = line.world.one("long-name"), line.new_payee()
    held, paid = line.submit(line.bill(long_named)), line.submit(line.bill(other))
    line.until_state(held, "Approved")
    line.until_state(paid, "Approved")
    batch = line.pass_the_cutoff()
    line.until_state(held, "Exception (on hold)")
    assert [one.reason for one in line.said(ItemHeld, request_id=held)] == ["name_not_encodable"]
    assert batch.payment_count == 1 and len(line.entries(other.account or "")) == 1

    line.enrol(long_named, long_named.account or "", name="Mountain Medical Group")
    line.until_state(held, "Approved")
    line.pass_the_settlement(line.pass_the_cutoff())
    line.until_state(held, "Paid")
    line.until_state(paid, "Paid")
    assert len(line.entries(long_named.account or "")) == 1
    assert len(line.entries(other.account or "")) == 1
