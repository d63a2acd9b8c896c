"""Whether two forms of one programme bill the same minutes: days and times as their packs name them. Pure."""

from __future__ import annotations

from throughline.packs.directory import Packs
from throughline.packs.occupied import Interval, occupied, shared_minutes
from throughline.packs.travel import form_of
from throughline.requests import PaymentRequest


def bill_the_same_time(one: PaymentRequest, other: PaymentRequest, packs: Packs) -> bool:
    """Visits that only touch do not."""
    if one.form is None or other.form is None or one.programme != other.programme:
        return False
    return shared_minutes(_times(one, packs), _times(other, packs)) > 0


def _times(request: PaymentRequest, packs: Packs) -> tuple[Interval, ...]:
    form = request.form
    pack = None if form is None else packs.get((form.pack, form.pack_version))
    return () if form is None or pack is None else occupied(pack, form_of(form))
