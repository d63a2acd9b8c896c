"""Requests whose whole life is told, from the contracts' golden examples; each on the topic and key it is said on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from chassis import Heard, testing
from throughline import flow
from throughline.envelope import Envelope
from throughline.identifiers import derived, payee_id_for, request_id_for
from throughline.message import REGISTRY, Message

EXAMPLES = Path(__file__).parents[3] / "contracts" / "examples"
BEGAN = datetime(2026, 11, 16, 15, tzinfo=UTC)


USUAL = {"SubmissionExcepted": "total"}
"""The case that stands for a message, where it is not its first."""


def example(name: str, case: str | None = None, **changes: Any) -> Any:
    folder = EXAMPLES / name / "v1"
    case = case or USUAL.get(name)
    path = folder / f"{case}.json" if case else sorted(folder.glob("*.json"))[0]
    return REGISTRY[name, 1].model_validate_json(path.read_bytes()).model_copy(update=changes)


class Teller:
    """Says events as their speakers would: on their topics, numbered by topic and partition, a second apart."""

    def __init__(self, partner: str = "acme") -> None:
        self.partner = partner
        self.told: list[Heard[Any]] = []
        self._numbers: dict[str, int] = {}

    def tell(self, message: Message, topic: str | None = None, key: str | None = None) -> Heard[Any]:
        name = topic or next(one.name for one in flow.TOPICS if type(message) in one.messages)
        number = self._numbers[name] = self._numbers.get(name, 0) + 1
        about = key or str(
            next(
                value
                for field in (
                    "remittance_id",
                    "request_id",
                    "payment_id",
                    "batch_id",
                    "payee_id",
                    "payer",
                    "partner",
                )
                if (value := getattr(message, field, None)) is not None
            )
        )
        identity = derived("told", name, str(number), about)
        at = BEGAN + timedelta(seconds=len(self.told))
        envelope = Envelope(
            identity, message.type_name(), "test", at, about, message.dataschema(), about, None, number
        )
        heard = Heard(message, envelope, about, name, 0, number, int(at.timestamp() * 1000))
        self.told.append(heard)
        return heard


class Life:
    """One request of one payee, as its speakers tell it."""

    def __init__(
        self, teller: Teller, number: str = "CLM-1", npi: str = "1234567893", partner: str = "acme"
    ) -> None:
        self.teller = teller
        self.number, self.npi, self.partner = number, npi, partner
        self.payee_id = payee_id_for("npi", npi)
        self.request_id = request_id_for(partner, "npi", npi, number)
        self.version = 0
        self.payments = 0
        self.decision: UUID | None = None

    def received(self, **changes: Any) -> Life:
        template = example("SubmissionReceived", "first")
        self.version += 1
        payee = template.request.payee.model_copy(update={"identifier": self.npi})
        fields = {
            "number": self.number,
            "payee": payee,
            "version": self.version,
            "frequency": "1" if self.version == 1 else "7",
        }
        request = template.request.model_copy(update=fields | changes)
        return self._tell(
            template.model_copy(
                update={
                    "request_id": self.request_id,
                    "version": self.version,
                    "replaces_version": self.version - 1 or None,
                    "partner": self.partner,
                    "payee_id": self.payee_id,
                    "request": request,
                }
            )
        )

    def says(self, name: str, case: str | None = None, **changes: Any) -> Life:
        fields = {"request_id": self.request_id, "version": self.version} | changes
        message = example(name, case)
        known = {key: value for key, value in fields.items() if key in type(message).model_fields}
        return self._tell(message.model_copy(update=known))

    def approved(self, **changes: Any) -> Life:
        claim = example("SubmissionApproved").adjudication
        claim = claim.model_copy(
            update={"payee_id": self.payee_id, "number": self.number, "partner": self.partner}
        )
        self.says("SubmissionApproved", adjudication=claim, **changes)
        self.decision = self.teller.told[-1].envelope.id
        return self

    def scheduled(self) -> Life:
        self.payments += 1
        claim = example("ItemScheduled").adjudication.model_copy(update={"payee_id": self.payee_id})
        return self.says(
            "ItemScheduled",
            batch_id=self.batch_id,
            payment_id=self.payment_id,
            decision_id=self.decision,
            adjudication=claim,
        )

    def sent(self) -> Life:
        return self.says(
            "PaymentSent", batch_id=self.batch_id, payment_id=self.payment_id, payee_id=self.payee_id
        )

    def settled(self) -> Life:
        return self.says("PaymentSettled", payment_id=self.payment_id)

    def remitted(self) -> Life:
        return self.says(
            "RemittancePosted",
            "paid",
            remittance_id=derived("remittance", str(self.payment_id)),
            payment_id=self.payment_id,
            payee_id=self.payee_id,
            request_id=None,
            version=None,
        )

    def paid(self) -> Life:
        return self.received().approved().scheduled().sent().settled().remitted()

    def returned(self) -> Life:
        self.says("PaymentReturned", payment_id=self.payment_id)
        return self.says("ItemHeld", "returned", payment_id=self.payment_id)

    @property
    def batch_id(self) -> UUID:
        return derived("batch", str(self.request_id), str(self.payments))

    @property
    def payment_id(self) -> UUID:
        return derived("payment", str(self.request_id), str(self.payments))

    def _tell(self, message: Message) -> Life:
        self.teller.tell(message)
        return self


def in_topic_order(told: Sequence[Heard[Any]], topics: Sequence[str]) -> Iterator[Heard[Any]]:
    """The same events, one topic wholly after the other, as a service that was away reads them."""
    for topic in topics:
        yield from (one for one in told if one.topic == topic)
    yield from (one for one in told if one.topic not in topics)


__all__ = ["BEGAN", "Life", "Teller", "date", "example", "in_topic_order", "testing"]
