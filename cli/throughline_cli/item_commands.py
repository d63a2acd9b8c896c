"""`item`: one approved request is not paid for now, or waits for the next cutoff again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

import typer

from throughline.decisions import SubmissionApproved
from throughline.flow import ORDERS
from throughline.items import ItemHeld, ItemReleased
from throughline.message import Command
from throughline.orders import HoldItem, ReleaseItem
from throughline_cli.commanding import command, say_unheard
from throughline_cli.errors import Problem
from throughline_cli.explain import request_id_of
from throughline_cli.line import STACK, AsOption, Line, StackOption, line_at
from throughline_cli.parked import everything_said
from throughline_cli.show import say
from throughline_cli.signing import UNNAMED
from throughline_cli.witness import Record

item_app = typer.Typer(
    help="Hold what is approved and not yet in a batch, or let it go on.", no_args_is_help=True
)

RequestId = Annotated[str, typer.Argument(help="The request id that the answer gave.")]
Version = Annotated[
    int | None,
    typer.Option(help="Of the request; the last one that was approved, or is held, where not given."),
]
Note = Annotated[
    str, typer.Option(prompt=True, help="Why; everybody who looks later reads it. Asked for where not given.")
]


def _order(
    name: str,
    order: type[HoldItem | ReleaseItem],
    told: type[SubmissionApproved] | type[ItemHeld],
    sentence: str,
) -> None:
    @item_app.command(name, help=sentence)
    def ask(
        request: RequestId,
        note: Note,
        version: Version = None,
        key_file: AsOption = None,
        stack: StackOption = STACK,
    ) -> None:
        line, about = line_at(stack, key_file), request_id_of(request)
        which = version or version_of(everything_said(line), about, told)
        _ask(line, order(request_id=about, version=which, note=note, actor=UNNAMED), about)


_order(
    "hold",
    HoldItem,
    SubmissionApproved,
    "Do not pay it before somebody releases it. Too late once it is in a batch: hold the batch.",
)
_order(
    "release",
    ReleaseItem,
    ItemHeld,
    "Pay what is held at the next cutoff. It mends nothing: without an account it is held again.",
)


def version_of(
    records: Iterable[Record], request: UUID, told: type[SubmissionApproved] | type[ItemHeld]
) -> int:
    """The last version of which that was told. Raises Problem where it never was."""
    found = [
        one.message.version
        for one in records
        if isinstance(one.message, told) and one.message.request_id == request
    ]
    if not found:
        what = "approved" if told is SubmissionApproved else "held"
        raise Problem(
            f"Nothing of request {request} was {what}.", "'throughline status' says where it stands."
        )
    return max(found)


def _ask(line: Line, order: Command, about: UUID) -> None:
    events = command(line, ORDERS.name, order, str(about))
    for event in events:
        if isinstance(event, ItemHeld):
            say(
                f"Held: version {event.version} of request {about}. 'throughline item release' lets it go on."
            )
        elif isinstance(event, ItemReleased):
            say(f"Released ({event.reason}): version {event.version} of {about} waits for the next cutoff.")
    if not events:
        say_unheard("payout")
