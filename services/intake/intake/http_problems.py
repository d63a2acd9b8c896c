"""What goes wrong over HTTP, as RFC 9457 problem bodies that repeat nothing of what was sent."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fastapi import Response

from throughline.answers import Problem

TYPE = "urn:throughline:problem:"


class Problematic(Exception):
    """Ends a route with a problem body. ``code`` is a Reason's code or a word of HTTP's own."""

    def __init__(
        self,
        status: int,
        code: str,
        title: str,
        *,
        problems: Sequence[Problem] = (),
        more: dict[str, Any] | None = None,
        close: bool = False,
    ) -> None:
        super().__init__(code)
        self.status, self.code, self.title = status, str(code), title
        self.problems, self.more, self.close = problems, more or {}, close

    def response(self) -> Response:
        body = {
            "type": TYPE + self.code,
            "title": self.title,
            "status": self.status,
            "reason": self.code,
        } | self.more
        if self.problems:
            body["problems"] = [told(one) for one in self.problems]
        headers = {"Cache-Control": "no-store"}
        if self.status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="throughline"'
        if self.close:
            headers["Connection"] = "close"
        return Response(json.dumps(body), self.status, headers, "application/problem+json")


def told(one: Problem) -> dict[str, Any]:
    """A problem as JSON shows it."""
    return {"reason": str(one.reason), "field": one.field, "detail": one.detail or one.reason.sentence}


def not_found() -> Problematic:
    """The same for what does not exist and what is another partner's."""
    return Problematic(404, "not_found", "Nothing by that id was received from you.")
