"""`partner` and `payee`: who may send, and where payees are paid."""

from __future__ import annotations

import hashlib
import secrets
from typing import Annotated

import typer

from throughline.accounts import AccountChanged, AccountVerified
from throughline.flow import PAYEES
from throughline.identifiers import npi_is_valid, payee_id_for, routing_is_valid, tin_is_valid
from throughline.message import Message
from throughline.payees import ConfirmAccount
from throughline.reference import PartnerRegistered
from throughline_cli.commanding import command, say_unheard
from throughline_cli.demo.reference import enrolment_of, publish_partners, sealing_key
from throughline_cli.errors import Problem
from throughline_cli.line import STACK, AsOption, SecondOption, StackOption, line_at
from throughline_cli.parked import everything_said
from throughline_cli.show import day, say
from throughline_cli.signing import UNNAMED
from throughline_cli.speaking import Speaker

partner_app = typer.Typer(help="Who may send.", no_args_is_help=True)
payee_app = typer.Typer(help="Where payees are paid.", no_args_is_help=True)


@partner_app.command("add")
def add_partner(
    partner: Annotated[
        str, typer.Argument(help="Short name, part of its topics: small letters, digits, hyphens.")
    ],
    name: Annotated[str, typer.Option(help="As people know it.")] = "",
    payer: Annotated[
        list[str] | None, typer.Option(help="A payer it may bill; none given means any.")
    ] = None,
    stack: StackOption = STACK,
) -> None:
    """Make a partner's topics, register it, and show its new API key once."""
    line = line_at(stack)
    known = [
        record.message.version
        for record in everything_said(line)
        if isinstance(record.message, PartnerRegistered) and record.message.partner == partner
    ]
    key = f"tl_{secrets.token_urlsafe(32)}"
    try:
        registered = PartnerRegistered(
            partner=partner, version=max(known, default=0) + 1, name=name or partner, payers=tuple(payer or ()),
            api_key_sha256=hashlib.sha256(key.encode()).hexdigest(),
        )  # fmt: skip
    except ValueError:
        raise Problem(
            f"'{partner}' is not a partner's name.",
            "A small letter, then up to 30 letters, digits, hyphens.",
        ) from None
    with Speaker(line.bootstrap) as speaker:
        publish_partners(line.stack, speaker, [registered])
    say(f"{partner} may send to intake.{partner} and hears answers on answers.{partner}.")
    say(f"API key for HTTP, shown only now: {key}")
    if known:
        say("The key that it had before is no longer taken.")


@payee_app.command("enrol")
def enrol_payee(
    identifier: Annotated[str, typer.Argument(help="The NPI, or the programme's number.")],
    tin: Annotated[
        str, typer.Option(prompt=True, hide_input=True, help="Nine digits; asked for where not given.")
    ],
    name: Annotated[str, typer.Option(help="As the bank file carries it: at most 22 plain characters.")],
    routing: Annotated[str, typer.Option(help="ABA routing number, nine digits.")],
    account: Annotated[str, typer.Option(prompt=True, hide_input=True, help="Asked for where not given.")],
    kind: Annotated[str, typer.Option(help="npi or programme")] = "npi",
    account_kind: Annotated[str, typer.Option(help="checking or savings")] = "checking",
    key_file: AsOption = None,
    second_file: SecondOption = None,
    stack: StackOption = STACK,
) -> None:
    """Seal a bank account to payout's key and enrol it. The number leaves this process only sealed.

    Signed by two people it is payable at once; by one, when another confirms it.
    """
    _require(kind in ("npi", "programme"), "kind", "npi or programme")
    _require(account_kind in ("checking", "savings"), "account-kind", "checking or savings")
    _require(kind != "npi" or npi_is_valid(identifier), "identifier", "ten digits with a right check digit")
    _require(tin_is_valid(tin), "tin", "nine digits that the IRS gives out")
    _require(routing_is_valid(routing), "routing", "nine digits with a right check digit")
    _require(0 < len(account) <= 17 and account.isalnum(), "account", "at most 17 letters and digits")
    _require(len(name) <= 22 and name.isascii(), "name", "at most 22 plain characters")
    line = line_at(stack, key_file, second_file)
    payee = {
        "kind": kind, "identifier": identifier, "tin": tin, "name": name, "routing": routing, "account": account,
        "account_kind": account_kind,
    }  # fmt: skip
    asked = enrolment_of(payee, sealing_key(line.stack.places.keys))
    told = command(line, PAYEES.name, asked, str(asked.payee_id))
    _tell(told, f"{kind} {identifier}")


@payee_app.command("confirm")
def confirm_account(
    identifier: Annotated[str, typer.Argument(help="The NPI, or the programme's number.")],
    kind: Annotated[str, typer.Option(help="npi or programme")] = "npi",
    key_file: AsOption = None,
    stack: StackOption = STACK,
) -> None:
    """Confirm the account that another person enrolled or changed, as its mask stands on the topic now."""
    _require(kind in ("npi", "programme"), "kind", "npi or programme")
    line, payee_id = line_at(stack, key_file), payee_id_for(kind, identifier)
    asked = [
        record.message
        for record in everything_said(line)
        if isinstance(record.message, AccountChanged) and record.message.payee_id == payee_id
    ]
    if not asked:
        raise Problem(f"No account of {kind} {identifier} waits for a second person.")
    confirming = ConfirmAccount(
        payee_id=payee_id,
        account_token=asked[-1].account_token,
        account_mask=asked[-1].account_mask,
        confirmed_by=UNNAMED,
    )
    _tell(command(line, PAYEES.name, confirming, str(payee_id)), f"{kind} {identifier}")


def _tell(told: tuple[Message, ...], payee: str) -> None:
    for event in told:
        if isinstance(event, AccountVerified):
            say(f"{payee} is paid to {event.account_mask} from {day(event.payable_from)} on.")
        elif isinstance(event, AccountChanged):
            say(
                f"{payee}: {event.account_mask} waits for another person: 'throughline payee confirm'. "
                "Nothing is paid to it before."
            )
    if not told:
        say_unheard("payout")


def _require(holds: bool, field: str, wanted: str) -> None:
    if not holds:
        raise Problem(f"'{field}' is not right.", f"It must be {wanted}.")
