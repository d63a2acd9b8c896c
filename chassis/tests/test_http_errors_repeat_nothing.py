"""A call that is not as the API says is told which field and what kind of fault; never what was sent."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter
from pydantic import BaseModel

from chassis.http import build_app

router = APIRouter()


class Body(BaseModel):
    actor: str


@router.post("/things/{thing}")
async def change(thing: UUID, body: Body, limit: int = 1) -> None:
    raise AssertionError("never reached")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/things/Zabriskovitch", {"actor": "x"}, "path.thing"),
        (f"/things/{UUID(int=1)}?limit=Zabriskovitch", {"actor": "x"}, "query.limit"),
        (f"/things/{UUID(int=1)}", {"actor": ["Zabriskovitch"]}, "body.actor"),
        (f"/things/{UUID(int=1)}", ["Zabriskovitch"], "body"),
    ],
)
async def test_http_errors_repeat_nothing(path: str, body: Any, field: str) -> None:
    app = build_app("test", [router], Mock(), Mock())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.post(path, json=body)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["problems"]] == [field]
    assert "abriskovitch" not in answer.text
