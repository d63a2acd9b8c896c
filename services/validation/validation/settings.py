"""Validation's settings: those of every service, and its own. The only reader of the environment here."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from chassis.guarded import GuardedSettings


class ValidationSettings(GuardedSettings):
    """Rules, prices and tiers are data, not settings."""

    packs_dir: Path | None = Field(
        None, description="the directory of the programme packs; without it every form waits for a person"
    )
    follow_up_requests: int = Field(
        500,
        description="approved requests that one transaction looks at again when coverage or a list changed",
        ge=1,
    )
    reviews_page_max: int = Field(500, description="reviews that one page of GET /v1/reviews may list", ge=1)
