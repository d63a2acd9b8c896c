"""The topics on which the version of an entity must rise: what master systems and operators record."""

from __future__ import annotations

from throughline import exclusions, members, people, reference
from throughline.message import Message
from throughline.topic import Kind, Topic

PEOPLE = Topic(
    "people",
    Kind.REFERENCE,
    speaks=("portal", "cli"),
    hears=("intake", "validation", "payout", "remittance", "audit", "portal"),
    key="person id; organisation id",
    messages=(people.OrganisationRecorded, people.PersonRecorded),
    partitions=1,
    retention_days=3650,
)


def _reference(
    entity: str, message: type[Message], hears: tuple[str, ...], key: str, *, is_shown: bool = True
) -> Topic:
    return Topic(
        f"reference.{entity}",
        Kind.REFERENCE,
        speaks=("master systems", "cli"),
        hears=(*hears, "audit", "portal") if is_shown else (*hears, "audit"),
        key=key,
        messages=(message,),
        partitions=1,
        retention_days=3650,
    )


REFERENCE = (
    _reference("partners", reference.PartnerRegistered, ("intake",), "partner"),
    _reference("payers", reference.PayerRecorded, ("validation", "payout", "remittance"), "payer"),
    _reference("providers", reference.ProviderRecorded, ("validation", "remittance"), "payee id"),
    _reference("contracts", reference.ContractRecorded, ("validation",), "contract id"),
    _reference("fee-schedules", reference.FeeScheduleRecorded, ("validation",), "fee schedule"),
    _reference("authorisations", reference.AuthorisationRecorded, ("validation",), "authorisation number"),
    # Who is insured is asked for by decisions alone: the portal shows nothing of it and so does not hear it.
    _reference(
        "members", members.MemberRecorded, ("validation",), "a hash of payer and member id", is_shown=False
    ),
    _reference("exclusions", exclusions.ExclusionListRecorded, ("validation",), "list id", is_shown=False),
)
