"""The public holidays that a pack's business days leave out, by the kept calendar of the library ``holidays``."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import lru_cache

import holidays

NONE = "none"


def is_known(place: str) -> bool:
    """Whether the calendar of a place (ISO 3166: ``US``, ``US-CA``) is kept, or none is asked for."""
    try:
        public_holidays(place)
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=50)
def public_holidays(place: str) -> Collection[date]:
    """Every public holiday of a place, of any year, with the weekdays on which they are observed.

    Raises NotImplementedError where the calendar of the place is not kept."""
    if place == NONE:
        return ()
    country, _, subdivision = place.partition("-")
    return holidays.country_holidays(country, subdiv=subdivision or None)
