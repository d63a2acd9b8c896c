"""Fixtures of the chassis' contract tests. Each test is on the real broker and a real database."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

# pytest's importlib mode takes the folder chassis/ for a package of that name; the installed one must win.
if not hasattr(sys.modules.get("chassis"), "Service"):
    sys.modules.pop("chassis", None)
sys.path.insert(0, str(Path(__file__).parent))

from world import World  # the tests' own modules stand beside them


@pytest.fixture
async def world(infrastructure: Any, postgres: Any, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Topics with one partition; ``@pytest.mark.parametrize("world", [4], indirect=True)`` gives four."""
    made = World(infrastructure, postgres, getattr(request, "param", 1))
    async with made.exit:
        yield made
    made.drop_topics()
