"""`review`: the commands of a reviewer."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from throughline_cli import review
from throughline_cli.clearing import take_back_clearances
from throughline_cli.explain import request_id_of
from throughline_cli.line import STACK, AsOption, StackOption, line_at

RequestId = Annotated[str, typer.Argument(help="The request id that the answer gave.")]
RequestIds = Annotated[
    list[str],
    typer.Argument(help="The request id that the answer gave; several are decided alike, by the same note."),
]
review_app = typer.Typer(help="Decide what waits for a person.", no_args_is_help=True)
Note = Annotated[
    str, typer.Option(prompt=True, help="Why; everybody who looks later reads it. Asked for where not given.")
]


@review_app.command("list")
def review_list(
    exceptions: Annotated[bool, typer.Option(help="Also what a rule stopped.")] = False,
    stack: StackOption = STACK,
) -> None:
    """What waits for a person."""
    review.show_open(line_at(stack), exceptions)


@review_app.command("take")
def review_take(
    request: RequestId,
    to: Annotated[
        UUID | None, typer.Option(help="Hand it to this reviewer (a person id) instead of taking it.")
    ] = None,
    back: Annotated[bool, typer.Option("--back", help="Give it back: it is nobody's again.")] = False,
    key_file: AsOption = None,
    stack: StackOption = STACK,
) -> None:
    """Take what waits, so that others see who looks at it."""
    review.assign(line_at(stack, key_file), request_id_of(request), to, back=back)


ClearName = Annotated[
    bool,
    typer.Option(
        "--clear-name", help="A name found on an exclusion list is somebody else's: not asked about again."
    ),
]


@review_app.command("approve")
def review_approve(
    requests: RequestIds,
    note: Note,
    clear_name: ClearName = False,
    key_file: AsOption = None,
    stack: StackOption = STACK,
) -> None:
    """Approve reviews, each at its proposed price."""
    review.decide_all(line_at(stack, key_file), _ids(requests), "approve", note, clear_name=clear_name)


def _decision(name: str, decision: review.Decision, sentence: str) -> None:
    @review_app.command(name, help=sentence)
    def decide(
        requests: RequestIds, note: Note, key_file: AsOption = None, stack: StackOption = STACK
    ) -> None:
        review.decide_all(line_at(stack, key_file), _ids(requests), decision, note)


_decision("recall", "recall", "Recall approvals that have not left yet.")
_decision("uphold", "uphold", "Uphold disputed decisions: they stand.")
_decision("change", "change", "Change disputed decisions: the provider's next version is decided anew.")


@review_app.command("return")
def review_return(
    requests: RequestIds,
    note: Note,
    field: Annotated[
        list[str] | None,
        typer.Option(help="What alone may be changed; once for each. None: all but who is paid."),
    ] = None,
    key_file: AsOption = None,
    stack: StackOption = STACK,
) -> None:
    """Return reviews to the partner for edits or proof."""
    line = line_at(stack, key_file)
    review.decide_all(line, _ids(requests), "return_for_edits", note, fields=field or ())


@review_app.command("release")
def review_release(
    request: RequestId,
    note: Note,
    check: Annotated[
        list[str] | None,
        typer.Option(
            help="A check that you override, by its reason; once for each. None: all that stopped it."
        ),
    ] = None,
    clear_name: ClearName = False,
    key_file: AsOption = None,
    stack: StackOption = STACK,
) -> None:
    """Release an exception into review, naming the checks that are overridden."""
    line = line_at(stack, key_file)
    review.decide(line, request_id_of(request), "release", note, checks=check or (), clear_name=clear_name)


@review_app.command("deny")
def review_deny(
    requests: RequestIds,
    note: Note,
    reason: Annotated[
        str | None, typer.Option(help="Why, as its remittance tells it. None: by what stood against it.")
    ] = None,
    key_file: AsOption = None,
    stack: StackOption = STACK,
) -> None:
    """Deny reviews or exceptions."""
    review.decide_all(line_at(stack, key_file), _ids(requests), "deny", note, reason=reason)


@review_app.command("unclear")
def review_unclear(
    request: RequestId, note: Note, key_file: AsOption = None, stack: StackOption = STACK
) -> None:
    """Take back that a listed name is somebody else's: whoever was cleared by this request is screened again."""
    take_back_clearances(line_at(stack, key_file), request_id_of(request), note)


def _ids(requests: list[str]) -> list[UUID]:
    return list(dict.fromkeys(request_id_of(one) for one in requests))
