"""Reference data onto its topics: partners and their topics, what prices and pays, then accounts under seal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from joserfc.jwk import OKPKey

from stack import Stack
from throughline.flow import PAYEES, REFERENCE
from throughline.identifiers import payee_id_for
from throughline.members import member_key_for
from throughline.message import Message
from throughline.payees import EnrolAccount
from throughline.reference import PartnerRegistered
from throughline.sealed import BankAccount, seal_account
from throughline.sensitive import SensitiveTin
from throughline_cli.errors import Problem
from throughline_cli.speaking import SPEAKER, Speaker

KEYS: dict[str, Callable[[Any], str]] = {
    "partners": lambda one: str(one.partner),
    "payers": lambda one: str(one.payer),
    "providers": lambda one: str(one.payee_id),
    "contracts": lambda one: str(one.contract_id),
    "fee-schedules": lambda one: str(one.fee_schedule),
    "authorisations": lambda one: str(one.number),
    "members": lambda one: str(member_key_for(one.payer, one.member_id)),
    "exclusions": lambda one: str(one.list_id),
}
"""The key of each kind of reference data; a member's tells nobody the member id."""
Line = dict[str, Any]


def read_lines(path: Path) -> list[Line]:
    """JSON lines; none where the file is absent. Raises Problem naming the line that is not JSON."""
    if not path.exists():
        return []
    lines = []
    for number, text in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            lines.append(json.loads(text))
        except ValueError:
            raise Problem(f"{path}, line {number} is not JSON.", "Write one JSON object a line.") from None
    return lines


def read_messages(folder: Path, entity: str) -> list[Message]:
    """The messages of one kind of reference data. Raises Problem naming the line and field at fault."""
    topic = next(one for one in REFERENCE if one.name == f"reference.{entity}")
    (kind,) = topic.messages
    found = []
    for number, line in enumerate(read_lines(folder / f"{entity}.jsonl"), start=1):
        try:
            found.append(kind.model_validate_json(json.dumps(line)))
        except ValueError as error:
            first = str(error).splitlines()[1] if "\n" in str(error) else str(error)
            raise Problem(
                f"{folder / entity}.jsonl, line {number}: {first} is not as the contract says."
            ) from None
    return found


def publish_partners(stack: Stack, speaker: Speaker, partners: list[Message]) -> None:
    """Their topics, then their registrations, and the portal's own among them."""
    for one in partners:
        assert isinstance(one, PartnerRegistered)
        stack.add_partner(one.partner)
    publish(speaker, "partners", [*partners, *_portal(stack.directory / "portal-keys" / "intake.key")])


def _portal(key_file: Path) -> list[Message]:
    """The portal sends people's requests, and their files under the API key in its own folder of keys."""
    if not key_file.is_file():
        return []
    digest = hashlib.sha256(key_file.read_bytes().strip()).hexdigest()
    return [PartnerRegistered(partner="portal", version=1, name="Portal", api_key_sha256=digest)]


def publish(speaker: Speaker, entity: str, messages: Iterable[Message]) -> None:
    topic = next(one for one in REFERENCE if one.name == f"reference.{entity}")
    for message in messages:
        speaker.say(topic.name, message, KEYS[entity](message))


def sealing_key(keys: Path) -> OKPKey:
    """The public half of payout's sealing key of a sandbox stack."""
    try:
        private = OKPKey.import_key(json.loads((keys / "sealing.jwk").read_text()))
    except OSError:
        raise Problem(f"The stack has no sealing key in {keys}.", "Start it with 'throughline up'.") from None
    public = private.as_dict(private=False)
    return OKPKey.import_key(public)


def enrol(speaker: Speaker, payee: Line, key: OKPKey) -> None:
    """Seal one payee's account and ask payout to enrol it."""
    command = enrolment_of(payee, key)
    speaker.say(PAYEES.name, command, str(command.payee_id))


def enrolment_of(payee: Line, key: OKPKey) -> EnrolAccount:
    """The command that enrols a payee, its account sealed."""
    payee_id = payee_id_for(payee["kind"], payee["identifier"])
    account = BankAccount(payee["routing"], payee["account"], payee.get("account_kind", "checking"))
    return EnrolAccount(
        payee_id=payee_id,
        kind=payee["kind"],
        identifier=payee["identifier"],
        tin=SensitiveTin(payee["tin"]),
        name=payee["name"],
        speaker=SPEAKER,
        sealed_account=seal_account(account, payee_id=payee_id, speaker=SPEAKER, public_key=key),
        verified_by="bank-letter",
    )
