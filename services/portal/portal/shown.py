"""How dates, times and money are written for a person, in their language and zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal, format_percent

LOCALES = {"en": "en_US", "es": "es_US"}


@dataclass(frozen=True, slots=True)
class Shown:
    """Formats for one person."""

    language: str
    zone: str

    @property
    def locale(self) -> str:
        return LOCALES.get(self.language, "en_US")

    def day(self, when: date | datetime) -> str:
        """`Nov 23, 2026`; of an instant, the day in the person's zone."""
        if isinstance(when, datetime):
            when = when.astimezone(ZoneInfo(self.zone)).date()
        return format_date(when, "medium", locale=self.locale)

    def weekday(self, when: date) -> str:
        """`Mon, Nov 23`."""
        return format_date(when, "EEE, MMM d", locale=self.locale)

    def day_of(self, text: str) -> str:
        """Of a date as JSON writes it."""
        return self.day(date.fromisoformat(text))

    def days(self, first: date, last: date | None) -> str:
        """From the first to the last of them; one day alone where they are the same."""
        return self.day(first) if last in (None, first) else f"{self.day(first)} – {self.day(last)}"

    def time(self, when: datetime) -> str:
        """`Nov 23, 2026, 9:05 AM EST`."""
        words = format_datetime(when, "MMM d, y, h:mm a z", tzinfo=ZoneInfo(self.zone), locale=self.locale)
        return words.replace("\u202f", " ")

    def span(self, length: timedelta) -> str:
        """`3 hours`, in the largest unit that fits."""
        return format_timedelta(length, granularity="second", threshold=1, locale=self.locale)

    def money(self, cents: int) -> str:
        """`$1,250.00`, from whole cents."""
        return format_currency(Decimal(cents) / 100, "USD", locale=self.locale)

    def number(self, value: int) -> str:
        return format_decimal(value, locale=self.locale)

    def units(self, thousandths: int) -> str:
        """`1`, `2.5`: units of service, from whole thousandths."""
        return format_decimal(Decimal(thousandths) / 1000, "#,##0.###", locale=self.locale)

    def percent(self, part: int, whole: int) -> str:
        """`97.5 %` of a whole; a dash where there is none."""
        return "–" if not whole else format_percent(Decimal(part) / whole, "#,##0.#%", locale=self.locale)
