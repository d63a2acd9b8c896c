"""Validation, wired: what it hears and who decides it."""

from __future__ import annotations

import asyncpg

from chassis import Service, by, every, hear
from chassis.passkeys import check_passkey
from throughline.commanding import MAY_GIVE
from throughline.exclusions import ExclusionListRecorded
from throughline.items import ItemHeld, ItemStopped, ItemTooLate
from throughline.members import MemberRecorded
from throughline.packs.directory import load_packs
from throughline.reference import (
    AuthorisationRecorded,
    ContractRecorded,
    FeeScheduleRecorded,
    PayerRecorded,
    ProviderRecorded,
)
from throughline.reviews import AssignReview, DecideReview, DisputeDecision
from throughline.rule_sets import PublishRuleSet
from throughline.submissions import SubmissionReceived, SubmissionWithdrawn
from validation.api import router
from validation.exclusions_work import ExclusionsWork
from validation.explanation_api import router as explanation_router
from validation.follow_ups import work_off_follow_ups
from validation.members_work import MembersWork
from validation.on_assign_review import assign_review
from validation.on_authorisation_recorded import record_authorisation
from validation.on_contract_recorded import record_contract
from validation.on_decide_review import decide_review
from validation.on_dispute_decision import open_dispute
from validation.on_exclusion_list_recorded import record_exclusions
from validation.on_fee_schedule_recorded import record_fee_schedule
from validation.on_item_held import after_coming_back
from validation.on_item_stopped import after_stop
from validation.on_item_too_late import after_refused_stop
from validation.on_member_recorded import record_member
from validation.on_payer_recorded import record_payer
from validation.on_provider_recorded import record_provider
from validation.on_publish_rule_set import publish_rule_set
from validation.on_submission_received import decide_submission
from validation.on_submission_withdrawn import withdraw
from validation.pins_repository import keep_rule_sets
from validation.publishing import RuleSetWork
from validation.reference_api import router as reference_router
from validation.reference_work import ReferenceWork
from validation.replay_api import router as replay_router
from validation.rules.published import PublishedRules
from validation.rules.rule_set import own_texts, rules_in
from validation.rules_api import router as rules_router
from validation.settings import ValidationSettings
from validation.work import DecisionWork, Resources


async def build_resources(settings: ValidationSettings, pool: asyncpg.Pool) -> Resources:
    """Compile the rules; a catalogue that contradicts itself stops the start."""
    catalogue = PublishedRules(rules_in(own_texts()))
    await keep_rule_sets(pool, catalogue)
    return Resources(catalogue, packs=load_packs(settings.packs_dir))


service = Service(
    "validation",
    settings=ValidationSettings,
    hears=[
        hear(
            "submissions",
            work=DecisionWork,
            on={SubmissionReceived: decide_submission, SubmissionWithdrawn: withdraw},
        ),
        hear(
            "reviews",
            work=DecisionWork,
            on={DecideReview: decide_review, AssignReview: assign_review, DisputeDecision: open_dispute},
            signed={one: by(*MAY_GIVE[one]) for one in (DecideReview, AssignReview, DisputeDecision)},
            check_passkey=check_passkey,
        ),
        hear(
            "items",
            work=DecisionWork,
            on={ItemStopped: after_stop, ItemTooLate: after_refused_stop, ItemHeld: after_coming_back},
        ),
        hear(
            "rules",
            work=RuleSetWork,
            on={PublishRuleSet: publish_rule_set},
            signed={PublishRuleSet: by(*MAY_GIVE[PublishRuleSet], two=True)},
            check_passkey=check_passkey,
        ),
        hear("reference.payers", work=ReferenceWork, on={PayerRecorded: record_payer}),
        hear("reference.providers", work=ReferenceWork, on={ProviderRecorded: record_provider}),
        hear("reference.contracts", work=ReferenceWork, on={ContractRecorded: record_contract}),
        hear("reference.fee-schedules", work=ReferenceWork, on={FeeScheduleRecorded: record_fee_schedule}),
        hear(
            "reference.authorisations", work=ReferenceWork, on={AuthorisationRecorded: record_authorisation}
        ),
        hear("reference.members", work=MembersWork, on={MemberRecorded: record_member}),
        hear("reference.exclusions", work=ExclusionsWork, on={ExclusionListRecorded: record_exclusions}),
    ],
    timers=[every(0.5, work_off_follow_ups)],
    api=(router, explanation_router, reference_router, replay_router, rules_router),
    start=build_resources,
)

if __name__ == "__main__":
    service.main()
