"""Where the line runs that a command speaks to: the local stack in a directory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from stack import Stack, running_stack
from throughline_cli.errors import Problem
from throughline_cli.signing import Signers

STACK = Path("var/stack")
StackOption = Annotated[
    Path,
    typer.Option(
        "--stack", envvar="STACK_DIR", help="The directory of the stack, as 'throughline up' made it."
    ),
]

AsOption = Annotated[
    Path | None,
    typer.Option(
        "--as", help="The key file of who gives the command; without it one of the sandbox's people."
    ),
]

SecondOption = Annotated[
    Path | None,
    typer.Option("--second", help="The key file of the other person, where two sign; needed beside --as."),
]


@dataclass(frozen=True)
class Line:
    """A running stack, and how to ask its services."""

    stack: Stack
    key_file: Path | None = None
    second_file: Path | None = None

    @property
    def signers(self) -> Signers:
        """Who signs commands: whose key file was given, else the sandbox's people."""
        if self.key_file is not None:
            return Signers.of_files(*[one for one in (self.key_file, self.second_file) if one is not None])
        return Signers.of_sandbox(self.stack.places.people)

    @property
    def bootstrap(self) -> str:
        return self.stack.kafka_bootstrap

    def get(self, service: str, path: str, **parameters: Any) -> Any:
        """The JSON that a service answers. Raises Problem: absent, or the service's own words."""
        return self.ask("GET", service, path, params=parameters)

    def ask(self, method: str, service: str, path: str, **more: Any) -> Any:
        try:
            answer = httpx.request(method, f"{self.stack.http_url(service)}{path}", timeout=60, **more)
        except httpx.HTTPError as error:
            raise Problem(
                f"The service '{service}' does not answer ({type(error).__name__}).",
                f"See its log in {self.stack.places.logs}, or start the stack with 'throughline up'.",
            ) from None
        if answer.is_error:
            raise Problem(f"{service} says: {_words(answer)}")
        return answer.json()


def line_at(directory: Path, key_file: Path | None = None, second_file: Path | None = None) -> Line:
    """Raises StackError where no stack runs there."""
    return Line(running_stack(directory), key_file, second_file)


def _words(answer: httpx.Response) -> str:
    """The sentence of a problem body, with its fields."""
    try:
        body = answer.json()
    except ValueError:
        return f"HTTP {answer.status_code}"
    told = body.get("detail") or body.get("title") or f"HTTP {answer.status_code}"
    faults = [
        f"{one.get('field') or 'message'}: {one.get('detail') or one.get('reason')}"
        for one in body.get("problems", [])
    ]
    return "; ".join([str(told), *faults])
