"""Nobody's records wait a little: a registration and the first records after it come by different topics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


class RegistrationAwaited(TimeoutError):
    """Time can cure it: the partition waits, and is read again."""


@dataclass
class Registrations:
    """When this process first met each partner that nobody has registered, in seconds of a monotonic clock.

    So that a service which reads its topics from the start, registrations among them, parks none of a partner's old
    records only because it came to them first.
    """

    wait_s: float
    unknown_since: dict[str, float] = field(default_factory=dict)

    def must_be_known(self, partners: Iterable[str], known: Iterable[str], now_s: float) -> None:
        """Raises RegistrationAwaited while a partner that is not known has not been waited for long enough."""
        known = set(known)
        for partner in partners:
            if partner in known:
                self.unknown_since.pop(partner, None)
            elif now_s - self.unknown_since.setdefault(partner, now_s) < self.wait_s:
                raise RegistrationAwaited(f"the registration of {partner} is awaited")
