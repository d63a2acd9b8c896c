"""`resolve`: what two people learned from the bank about a file in doubt, or about one that nobody here knew."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

import typer

from throughline.signed_http import Call, What, content_digest
from throughline_cli.errors import Problem
from throughline_cli.line import STACK, AsOption, Line, SecondOption, StackOption, line_at
from throughline_cli.show import say
from throughline_cli.signing import call_headers

resolve_app = typer.Typer(
    help="Say what became of a bank file in doubt. Two people sign it, each with their own key.",
    no_args_is_help=True,
)
OUTCOMES = ("not_received", "given_up")
TokenOption = Annotated[
    str | None, typer.Option("--token", envvar="API_TOKEN", help="payout's bearer token, where one is set.")
]


@resolve_app.command("file")
def resolve_file(
    batch: Annotated[UUID, typer.Argument(help="The batch's id.")],
    outcome: Annotated[str, typer.Argument(help=", ".join(OUTCOMES))],
    token: TokenOption = None,
    key_file: AsOption = None,
    second_file: SecondOption = None,
    stack: StackOption = STACK,
) -> None:
    """The bank has not got the file: it leaves again (not_received), or nothing of it is paid (given_up)."""
    if outcome not in OUTCOMES:
        raise Problem(
            f"'{outcome}' is no outcome that two people sign.", f"It is one of {', '.join(OUTCOMES)}."
        )
    line, path = line_at(stack, key_file, second_file), f"/v1/batches/{batch}"
    told = {"outcome": outcome, "intended_at": _sending(line, path, token, outcome)}
    answer = _ask(line, "throughline.ResolveFile", f"{path}/resolution", told, token)
    say(f"Batch {batch} is {answer['state']}.")


@resolve_app.command("finding")
def resolve_finding(
    finding: Annotated[UUID, typer.Argument(help="The finding's id.")],
    token: TokenOption = None,
    key_file: AsOption = None,
    second_file: SecondOption = None,
    stack: StackOption = STACK,
) -> None:
    """The file that nobody here knew is explained: delivery goes on."""
    line = line_at(stack, key_file, second_file)
    _ask(line, "throughline.ResolveFinding", f"/v1/findings/{finding}/resolution", {}, token)
    say(f"Finding {finding} is resolved.")


def _sending(line: Line, path: str, token: str | None, outcome: str) -> Any:
    try:
        return line.ask("GET", "payout", path, headers=_bearer(token))["intended_at"]
    except Problem:
        if outcome != "given_up":
            raise
        return None  # after a restore payout may know the batch only by what was told of it


def _ask(line: Line, what: What, path: str, told: dict[str, Any], token: str | None) -> Any:
    first, second = line.signers.two_who_may_call(what)
    body = json.dumps({"actor": first.name, **told}).encode()
    call = Call(what, "POST", path, content_digest(sha256(body).digest()))
    headers = {"Content-Type": "application/json", **_bearer(token), **call_headers(call, first, second)}
    return line.ask("POST", "payout", path, content=body, headers=headers)


def _bearer(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
