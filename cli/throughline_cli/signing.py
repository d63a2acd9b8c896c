"""Whose key a command of this terminal is signed with: a key file given, or the sandbox's own people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from stack.people import CAST, FOUNDERS, KeyFile, read_key_file, signature
from throughline.commanding import COSIGNED, MAY_GIVE
from throughline.envelope import Envelope
from throughline.message import Message
from throughline.people import Role
from throughline.signed import SECOND_SIGNATURE, SIGNATURE, sign
from throughline.signed_http import MAY_CALL, SECOND_SIGNATURE_HEADER, SIGNATURE_HEADER, Call, What
from throughline_cli.errors import Problem

UNNAMED = "-"
"""Stands in a command for who gives it, until it is signed."""
NAMED = ("actor", "requested_by", "confirmed_by")
"""The fields in which a command names who gives it."""


@dataclass(frozen=True)
class Signers:
    """The people that a terminal can sign for. ``people`` come in the order in which they are asked."""

    people: Sequence[KeyFile]

    @classmethod
    def of_sandbox(cls, folder: Path) -> Signers:
        """The cast of a sandbox stack. Raises StackError where the stack has none."""
        return cls([read_key_file(folder / f"{name}.json") for name in CAST if name not in FOUNDERS])

    @classmethod
    def of_files(cls, *paths: Path) -> Signers:
        return cls([read_key_file(path) for path in paths])

    def holding(self, role: Role, nth: int = 0) -> KeyFile:
        """The nth person with that role. Raises Problem."""
        holders = [one for one in self.people if role in one.roles]
        if len(holders) <= nth:
            raise Problem(
                f"No key file here is of {'another' if nth else 'a'} {role}.", "Give one with --as."
            )
        return holders[nth]

    def who_may(self, message: type[Message]) -> KeyFile:
        """The first person who may give that command. Raises Problem."""
        for one in self.people:
            if MAY_GIVE[message].intersection(one.roles):
                return one
        raise Problem(
            f"Nobody whose key is here may give {message.__name__}.",
            f"It needs the role {' or '.join(sorted(MAY_GIVE[message]))}; give a key file with --as.",
        )

    def two_who_may_call(self, what: What) -> tuple[KeyFile, KeyFile]:
        """Two people who may sign such a call together. Raises Problem."""
        of_each = {one.person_id: one for one in self.people if MAY_CALL[what].intersection(one.roles)}
        if len(of_each) < 2:
            raise Problem(
                "Two people sign this, and their keys are not here.",
                f"Each needs the role {' or '.join(sorted(MAY_CALL[what]))}; give key files with --as and --second.",
            )
        first, second, *_ = of_each.values()
        return first, second

    def beside(self, first: KeyFile, message: type[Message]) -> KeyFile | None:
        """Who signs beside the first, where two people do; None where nobody else here may, or one suffices."""
        if message not in COSIGNED:
            return None
        others = (one for one in self.people if one.person_id != first.person_id)
        return next((one for one in others if MAY_GIVE[message].intersection(one.roles)), None)


def named(message: Message, person: KeyFile, second: KeyFile | None = None) -> Message:
    """The command, naming who gives it."""
    fields = type(message).model_fields
    names = {name: person.name for name in NAMED if name in fields}
    if second is not None and "second_actor" in fields:
        names["second_actor"] = second.name
    return message.model_copy(update=names) if names else message


def signatures(
    envelope: Envelope, topic: str, value: bytes, message: Message, person: KeyFile, second: KeyFile | None
) -> list[tuple[str, bytes]]:
    """The headers that speak for a command. Raises Problem where a person may not give it."""
    headers = [(SIGNATURE, signature(person, envelope, topic, value, role_for(message, person)))]
    if second is not None:
        role = role_for(message, second)
        headers.append((SECOND_SIGNATURE, signature(second, envelope, topic, value, role)))
    return headers


def role_for(message: Message, person: KeyFile) -> Role:
    """The person's role that may give the command. Without one it is signed all the same, and will be refused."""
    may = MAY_GIVE[type(message)]
    return next((role for role in person.roles if role in may), person.roles[0])


def call_headers(call: Call, first: KeyFile, second: KeyFile) -> dict[str, str]:
    """The headers by which two people make a call over HTTP."""
    names = (SIGNATURE_HEADER, SECOND_SIGNATURE_HEADER)
    return {name: _of_call(call, one) for name, one in zip(names, (first, second), strict=True)}


def _of_call(call: Call, person: KeyFile) -> str:
    return sign(
        call.value,
        key=person.key,
        message=call.what,
        id=call.id,
        topic=call.target,
        person_id=person.person_id,
        organisation_id=person.organisation_id,
        role=next(role for role in person.roles if role in MAY_CALL[call.what]),
        method="key",
        at=datetime.now(UTC),
    )
