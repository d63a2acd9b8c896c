"""`batch` and `payment`: what operations staff ask of payout, each with what came of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, get_args
from uuid import UUID

import typer

from throughline.accounts import AccountVerified
from throughline.flow import ORDERS
from throughline.message import Command
from throughline.money import for_people
from throughline.orders import HoldBatch, ReissuePayment, ReleaseBatch, ReversalCause, ReversePayment
from throughline.payments import (
    BatchClosed,
    BatchHeld,
    BatchReleased,
    PaymentReissued,
    PaymentSent,
    ReversalOrdered,
)
from throughline_cli.commanding import command, say_unheard
from throughline_cli.errors import Problem
from throughline_cli.line import STACK, AsOption, Line, SecondOption, StackOption, line_at
from throughline_cli.parked import everything_said
from throughline_cli.show import counted, day, say
from throughline_cli.signing import UNNAMED
from throughline_cli.witness import Record

batch_app = typer.Typer(help="Hold a closed batch, or let it leave.", no_args_is_help=True)
payment_app = typer.Typer(help="Pay again what came back, or take a payment back.", no_args_is_help=True)

BatchId = Annotated[UUID, typer.Argument(help="The batch's id.")]
PaymentId = Annotated[UUID, typer.Argument(help="The payment's id.")]
Note = Annotated[
    str, typer.Option(prompt=True, help="Why; everybody who looks later reads it. Asked for where not given.")
]


@batch_app.command("hold")
def hold(batch: BatchId, note: Note, key_file: AsOption = None, stack: StackOption = STACK) -> None:
    """Do not send a closed batch before another person releases it. Too late once it is on its way."""
    _ask(line_at(stack, key_file), HoldBatch(batch_id=batch, note=note, actor=UNNAMED), batch)


@batch_app.command("release")
def release(batch: BatchId, note: Note, key_file: AsOption = None, stack: StackOption = STACK) -> None:
    """Let a batch leave that waits, over the sum and count that its topic shows."""
    line = line_at(stack, key_file)
    told = as_last_told(everything_said(line), batch)
    say(f"{counted(told.payment_count, 'payment')} of {for_people(told.total_cents)}.")
    order = ReleaseBatch(
        batch_id=batch,
        total_cents=told.total_cents,
        entry_count=told.payment_count,
        note=note,
        actor=UNNAMED,
    )
    _ask(line, order, batch)


@payment_app.command("reissue")
def reissue(payment: PaymentId, note: Note, key_file: AsOption = None, stack: StackOption = STACK) -> None:
    """Pay what came back again, as a new payment, at the next cutoff: the sum and the account that the topics show."""
    line = line_at(stack, key_file)
    sent, mask = as_sent(everything_said(line), payment)
    say(f"{for_people(sent.amount_cents)} to {sent.payee_name}, account {mask}.")
    order = ReissuePayment(
        payment_id=payment, amount_cents=sent.amount_cents, account_mask=mask, note=note, actor=UNNAMED
    )
    _ask(line, order, payment)


@payment_app.command("reverse")
def reverse(
    payment: PaymentId,
    cause: Annotated[str, typer.Option(help=", ".join(get_args(ReversalCause)))],
    note: Note,
    key_file: AsOption = None,
    second_file: SecondOption = None,
    stack: StackOption = STACK,
) -> None:
    """Take a settled payment back, within five banking days of settlement. Two people sign it."""
    causes: dict[str, ReversalCause] = {one: one for one in get_args(ReversalCause)}
    if cause not in causes:
        raise Problem(f"'{cause}' is no cause that the rules name.", f"It is one of {', '.join(causes)}.")
    order = ReversePayment(payment_id=payment, cause=causes[cause], note=note, actor=UNNAMED)
    _ask(line_at(stack, key_file, second_file), order, payment)


def as_last_told(records: Iterable[Record], batch: UUID) -> BatchClosed | BatchHeld:
    """With the sum and count of now: payments may have been taken out since it closed. Raises Problem where no such
    batch was closed."""
    for record in sorted(records, key=lambda one: one.offset, reverse=True):  # one key, so one partition
        if isinstance(record.message, BatchClosed | BatchHeld) and record.message.batch_id == batch:
            return record.message
    raise Problem(
        f"No batch {batch} was closed.", "The portal's batches page, or GET /v1/batches, lists them."
    )


def as_sent(records: Iterable[Record], payment: UUID) -> tuple[PaymentSent, str]:
    """A payment, and the account that its payee was last verified for. Raises Problem where it was never sent."""
    told = sorted(records, key=lambda one: one.offset)
    sent = next((one.message for one in told if _is_payment(one.message, payment)), None)
    if not isinstance(sent, PaymentSent):
        raise Problem(f"No payment {payment} was sent.", "'throughline status' shows a request's payments.")
    masks = [
        one.message.account_mask
        for one in told  # one key, so one partition
        if isinstance(one.message, AccountVerified) and one.message.payee_id == sent.payee_id
    ]
    return sent, masks[-1] if masks else sent.account_mask


def _is_payment(message: object, payment: UUID) -> bool:
    return isinstance(message, PaymentSent) and message.payment_id == payment


def _ask(line: Line, order: Command, about: UUID) -> None:
    told = command(line, ORDERS.name, order, str(about))
    for event in told:
        if isinstance(event, BatchHeld):
            say(f"Held: batch {about}. Another person releases it.")
        elif isinstance(event, BatchReleased):
            say(f"Released: batch {about}, effective {day(event.effective_date)}.")
        elif isinstance(event, PaymentReissued):
            say(
                f"{counted(event.item_count, 'item')} of {for_people(event.amount_cents)} will be paid again "
                "at the next cutoff."
            )
        elif isinstance(event, ReversalOrdered):
            say(
                f"{for_people(event.amount_cents)} will be taken back by the next file, effective "
                f"{day(event.last_day)} at the latest."
            )
    if not told:
        say_unheard("payout")
