"""Every route declares who may call it. A route without a rule fails here."""

from __future__ import annotations

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from portal.app import service
from portal.rules import SAFE_METHODS, rule_of


def routes(routers: tuple[APIRouter, ...] = service.api) -> list[APIRoute]:
    found = [route for router in routers for route in router.routes]
    assert all(isinstance(route, APIRoute) for route in found), "a route of another kind has no rule"
    return [route for route in found if isinstance(route, APIRoute)]


@pytest.mark.parametrize("route", routes(), ids=lambda route: f"{sorted(route.methods)[0]} {route.path}")
def test_a_route_declares_its_rule(route: APIRoute) -> None:
    rule = rule_of(route)
    assert rule is not None
    assert rule.open or rule.roles


def test_a_route_without_a_rule_is_seen() -> None:
    router = APIRouter()
    router.add_api_route("/forgotten", lambda: None)
    assert [rule_of(route) for route in routes((router,))] == [None]


def test_no_path_is_both_read_and_changed_by_one_function() -> None:
    for route in routes():
        assert route.methods is not None
        assert len({method in SAFE_METHODS for method in route.methods}) == 1, route.path
