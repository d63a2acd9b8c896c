"""Reversals that should have gone further by now: each pages until it does, or until a person has looked."""

from __future__ import annotations

from chassis import Context
from payout.calendar import RETURN_WINDOW_BANKING_DAYS, add_banking_days
from payout.reversals import SETTLED_FOR_GOOD, final_days

_OVERDUE = f"""
select r.payment_id from reversals r join payments p using (payment_id)
where (r.state = 'ordered' and r.last_day < $4) or (r.state = 'scheduled' and r.effective_date < $5)
    or ({SETTLED_FOR_GOOD} and r.given_back_on is not null)
"""


async def page_overdue_reversals(context: Context) -> None:
    """No file took it by its last day; the statement does not show it two banking days after its date; or the statement
    shows it given back, and the bank's return never came."""
    today = context.clock.today()
    left_by = add_banking_days(today, -RETURN_WINDOW_BANKING_DAYS)
    rows = await context.pool.fetch(_OVERDUE, *final_days(today), today, left_by)
    overdue = {row["payment_id"] for row in rows}
    for (what, _), details in list(context.alarms.raised.items()):
        if what == "reversal_overdue" and details["payment_id"] not in overdue:
            context.alarms.clear(what, payment_id=details["payment_id"])
    for payment_id in overdue:
        context.alarms.raise_("reversal_overdue", payment_id=payment_id)
