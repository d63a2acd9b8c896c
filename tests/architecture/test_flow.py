"""The map and the services agree: who hears what, and one file for every message heard."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from chassis import Service
from throughline import flow

ROOT = Path(__file__).parent.parent.parent
CHASSIS_HEARS = {"repairs", "people"}
"""Heard for every service by the chassis itself."""


def service_named(name: str) -> Service:
    service: Service = importlib.import_module(f"{name}.app").service
    return service


@pytest.mark.parametrize("name", flow.SERVICES)
def test_a_service_hears_exactly_what_the_map_says(name: str) -> None:
    service = service_named(name)
    in_map = {topic.name for topic in flow.topics_heard_by(name)} - CHASSIS_HEARS
    heard = set()
    for topic in flow.topics_heard_by(name):
        members = [topic.name] if not topic.is_family else [topic.of("some-partner")]
        if any(service.hearing_of(member) for member in members):
            heard.add(topic.name)
    assert heard - CHASSIS_HEARS == in_map


@pytest.mark.parametrize("name", flow.SERVICES)
def test_every_message_heard_has_a_file_named_after_it(name: str) -> None:
    service = service_named(name)
    package = ROOT / "services" / name / name
    for hearing in service.hears:
        for message in hearing.on:
            assert (package / f"on_{snake(message.__name__)}.py").is_file(), (
                f"{name} hears {message.__name__}"
            )


@pytest.mark.parametrize("name", flow.SERVICES)
def test_every_service_has_the_agreed_files(name: str) -> None:
    folder = ROOT / "services" / name
    for wanted in ("README.md", "pyproject.toml", f"{name}/app.py", f"{name}/settings.py"):
        assert (folder / wanted).is_file(), f"{name} lacks {wanted}"
    assert (folder / name / "migrations").is_dir()
    readme = (folder / "README.md").read_text(encoding="utf-8")
    for heading in ("## Hears", "## Decides", "## Says", "## Owns"):
        assert heading in readme, f"{name}/README.md lacks {heading!r}"


def test_exactly_one_service_speaks_each_topic_of_events() -> None:
    for topic in flow.TOPICS:
        if topic.kind is flow.Kind.EVENTS and topic is not flow.PARKED:
            assert len(topic.speaks) == 1 and topic.speaks[0] in (*flow.SERVICES, "portal"), topic.name


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def test_snake() -> None:
    assert snake("SubmissionReceived") == "submission_received"
