"""Remittance's settings: those of every service, and its own. The only reader of the environment here."""

from __future__ import annotations

from pydantic import Field

from chassis.guarded import GuardedSettings


class RemittanceSettings(GuardedSettings):
    """Trace numbers, amounts and dates come with the payment; what is here is only how much at once and for whom."""

    sweep_payments_max: int = Field(
        100, description="waiting payments and notices taken up in one look", ge=1
    )

    unexplained_after_s: int = Field(
        60,
        description="seconds that a settled payment may wait for its remittance before a person is paged",
        ge=0,
    )
