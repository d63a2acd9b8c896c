"""The templates, and what every template can reach: ``t``, ``money``, ``day``, ``time``, ``csrf_field``, ``has``."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from portal.look_alikes import shown_as
from portal.texts import text

if TYPE_CHECKING:
    from portal.page import Visit

FOLDER = Path(__file__).parent
STATIC = FOLDER.parent / "static"

_environment = Environment(
    loader=FileSystemLoader(FOLDER),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(visit: Visit, template: str, **values: Any) -> str:
    """The template with what every template can reach, and its own values."""
    return _environment.get_template(template).render(**_reachable(visit), **values)


def _reachable(visit: Visit) -> Mapping[str, Any]:
    from portal.pages import navigation

    shown = visit.shown

    def t(key: str, /, **values: Any) -> str:
        return text(shown.language, key, values)

    return {
        "t": t,
        "shown": shown,
        "money": shown.money,
        "day": shown.day,
        "time": shown.time,
        "number": shown.number,
        "language": shown.language,
        "static": static,
        "nonce": visit.request.scope["portal.nonce"],
        "csrf": visit.csrf,
        "csrf_field": Markup('<input type="hidden" name="csrf" value="{}">').format(visit.csrf),
        "path": visit.request.url.path,
        "navigation": navigation(visit),
        "person": None if visit.caller is None else visit.session.name.reveal(),
        "has": visit.has,
        "foreign": shown_as,
        "sandbox": visit.settings.stack_mode == "sandbox",
    }


@cache
def static(name: str) -> str:
    """The path of a static file, with its hash: browsers keep it until it changes."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"
