"""Where the portal is, and how the sandbox's people sign in to it."""

from __future__ import annotations

from pathlib import Path

from rich.table import Table

from stack import Stack
from stack.people import CAST
from stack.provider_people import CAST_OF_PROVIDERS
from stack.sign_ins import read_sign_ins
from throughline_cli.errors import Problem
from throughline_cli.show import console, say


def portal_address(stack: Stack) -> str:
    """As people type it: passkeys and cookies need the name, not the number."""
    return stack.http_url("portal").replace("127.0.0.1", "localhost")


def show_portal(stack: Stack) -> None:
    """The address, and one line for each person with the code of this half minute. Raises Problem."""
    people = read_sign_ins(stack.places.portal_keys)
    if not people:
        raise Problem("This stack has no sandbox people.", "A live portal's people have their own.")
    table = Table("login", "may", "password", "code now", title=f"The portal: {portal_address(stack)}")
    for one in people:
        table.add_row(one.login, _roles(one.login), one.password, one.code())
    console.print(table)
    say("A code counts once, for half a minute; 'throughline sign-ins' shows the next one.")


def tell_how_to_look(directory: Path) -> None:
    """After a demo that stopped its stack: its data are still there."""
    say(f"To look at it in the portal: 'throughline up --stack {directory}' starts it again with these data.")


def _roles(login: str) -> str:
    found = CAST_OF_PROVIDERS.get(login)
    roles = CAST.get(login, ()) if found is None else (found[0],)
    return ", ".join(role.replace("_", " ") for role in roles)
