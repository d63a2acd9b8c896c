"""Every request of the run explained, and every decision made again by what stood when it was made."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from throughline_cli.demo.place import Place
from throughline_cli.demo.story import Story
from throughline_cli.demo.verdicts import Verdict
from throughline_cli.show import counted


@dataclass(frozen=True)
class DecidedAgain:
    """What explaining and deciding again came to."""

    requests: int
    explained: int
    replayed: int
    differences: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"Explained {self.explained:,} of {counted(self.requests, 'request')}; {counted(self.replayed, 'decision')}"
            f" made again, {counted(self.differences, 'difference')}; in {self.seconds:.0f} seconds."
        )


def decide_again(place: Place, story: Story, client: httpx.Client) -> tuple[DecidedAgain, list[Verdict]]:
    """Ask validation page by page, for all days on which something came in."""
    began = time.monotonic()
    days = [one.received_on for one in story.received.values()]
    query = {"from": str(min(days)), "to": str(max(days))} if days else None
    url = place.url("validation")
    explained = _explained(story, _pages(client, f"{url}/v1/explanations", query))
    replayed = Verdict("every decision comes out the same when it is made again")
    for page in _pages(client, f"{url}/v1/replay", query):
        replayed.compared += page["compared"]
        for one in page["differences"]:
            replayed.differs(f"{one['request_id']} {one['version']}: {one['what']}")
    requests = len({request_id for request_id, _ in story.received})
    came_to = DecidedAgain(
        requests, explained.compared, replayed.compared, len(replayed.differences), time.monotonic() - began
    )
    return came_to, [explained, replayed]


def _explained(story: Story, pages: Iterator[dict[str, Any]]) -> Verdict:
    """``compared`` counts the requests that were explained."""
    verdict = Verdict("every request is explained")
    waiting = {(str(request_id), version) for request_id, version in story.received}
    for page in pages:
        for one in page["requests"]:
            verdict.compared += 1
            for version in one["versions"]:
                waiting.discard((one["request_id"], version["version"]))
                if version["verdict"] is not None and not version["rules"]:
                    verdict.differs(f"{one['request_id']} {version['version']}: no rule is named")
                for what in version["differs"]:
                    verdict.differs(f"{one['request_id']} {version['version']}: {what}")
    for request_id, number in sorted(waiting):
        verdict.differs(f"{request_id} {number}: not explained")
    return verdict


def _pages(client: httpx.Client, url: str, query: dict[str, str] | None) -> Iterator[dict[str, Any]]:
    """Nothing where ``query`` is None. Raises httpx.HTTPError."""
    after: str | None = None
    while query is not None:
        answer = client.get(url, params={**query, "limit": 500, **({"after": after} if after else {})})
        answer.raise_for_status()
        page: dict[str, Any] = answer.json()
        yield page
        after = page["next"]
        if after is None:
            return
