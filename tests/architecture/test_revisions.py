"""A service knows its newest revision without Alembic; it is the one that Alembic goes to."""

from __future__ import annotations

import pytest
from alembic.script import ScriptDirectory

from chassis.migrate import alembic_config
from chassis.revision import head_revision
from throughline.flow import SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_the_newest_revision_is_alembic_s(service: str) -> None:
    head = ScriptDirectory.from_config(alembic_config(service, "")).get_current_head()
    assert head is not None
    assert head_revision(service) == head
