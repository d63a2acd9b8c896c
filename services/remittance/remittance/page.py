"""Page a person: money settled and not explained for too long, and whatever does not agree."""

from __future__ import annotations

from chassis import Context

UNEXPLAINED = """
select payment_id from payments
where state = 'open' and settled_cents is not null and not gone
    and settled_at < clock_timestamp() - make_interval(secs => $1::int)
order by payment_id limit 100
"""
MISMATCHED = """
(select 'payment_id' as name, payment_id as id from payments where state = 'mismatch' order by payment_id limit 100)
union all
(select 'request_id', request_id from notices where state = 'mismatch' order by request_id, version limit 100)
"""


async def page(context: Context) -> None:
    """Runs in every replica; the alarm of a payment is over when it is remitted."""
    rows = await context.pool.fetch(UNEXPLAINED, context.settings.unexplained_after_s)
    unexplained = {row["payment_id"] for row in rows}
    for name, details in list(context.alarms.raised.items()):
        if name[0] == "settled_without_remittance" and details["payment_id"] not in unexplained:
            context.alarms.clear(name[0], payment_id=details["payment_id"])
    for payment_id in unexplained:
        context.alarms.raise_("settled_without_remittance", payment_id=payment_id)
    for name, of in await context.pool.fetch(MISMATCHED):
        context.alarms.raise_("remittance_mismatch", **{name: of})
