"""The pages: one module each, with its routes, and one template of the same name. Each is found by its ``router``."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from fastapi import APIRouter

if TYPE_CHECKING:
    from portal.page import Nav, Visit


@cache
def routers() -> tuple[APIRouter, ...]:
    """The router of every page."""
    modules = [import_module(f"{__name__}.{one.name}") for one in iter_modules(__path__)]
    return tuple(module.router for module in modules if hasattr(module, "router"))


@cache
def _entries() -> tuple[Nav, ...]:
    found: list[Nav | None] = [getattr(router, "nav", None) for router in routers()]
    return tuple(
        sorted((nav for nav in found if nav is not None), key=lambda entry: (entry.order, entry.key))
    )


def navigation(visit: Visit) -> list[Nav]:
    """The pages that the person's roles admit."""
    return [entry for entry in _entries() if visit.has(*entry.roles)]
