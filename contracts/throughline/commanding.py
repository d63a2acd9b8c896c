"""Which roles may give which command. Services judge by it, and whoever signs chooses the person's role by it."""

from __future__ import annotations

from collections.abc import Mapping

from throughline.message import Message
from throughline.orders import HoldBatch, HoldItem, ReissuePayment, ReleaseBatch, ReleaseItem, ReversePayment
from throughline.payees import ChangeAccount, ConfirmAccount, EnrolAccount
from throughline.people import OrganisationRecorded, PersonRecorded, Role
from throughline.questions import QuestionAnswered, QuestionAsked
from throughline.repairs import DiscardRecord, RedriveRecord, RedriveRecords
from throughline.requests import CorrectRequest, SubmitRequest, WithdrawRequest
from throughline.reviews import AssignReview, DecideReview, DisputeDecision
from throughline.rule_sets import PublishRuleSet


def _of(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


_SENDERS = _of("biller", "provider_admin")
_ASKERS = _SENDERS | _of("reviewer", "releaser", "account_approver", "operator")

MAY_GIVE: Mapping[type[Message], frozenset[Role]] = {
    SubmitRequest: _SENDERS,
    CorrectRequest: _SENDERS,
    WithdrawRequest: _SENDERS,
    DecideReview: _of("reviewer"),
    AssignReview: _of("reviewer"),
    DisputeDecision: _SENDERS,
    QuestionAsked: _ASKERS,
    QuestionAnswered: _ASKERS,
    HoldItem: _of("operator", "releaser"),
    ReleaseItem: _of("operator", "releaser"),
    HoldBatch: _of("operator", "releaser"),
    ReleaseBatch: _of("releaser"),
    ReissuePayment: _of("operator", "releaser"),
    ReversePayment: _of("releaser"),
    EnrolAccount: _of("account_approver"),
    ChangeAccount: _of("provider_admin", "account_approver"),
    ConfirmAccount: _of("account_approver"),
    RedriveRecord: _of("operator"),
    RedriveRecords: _of("operator"),
    DiscardRecord: _of("operator"),
    PublishRuleSet: _of("operator"),
    OrganisationRecorded: _of("operator"),
    PersonRecorded: _of("operator"),
}
"""The requests are those on ``intake.portal``; other partners are known by their topic."""

BY_TWO: frozenset[type[Message]] = frozenset((ReversePayment, PublishRuleSet, DiscardRecord))
"""Two people who may give it sign it, by ``signature`` and ``second-signature``; it is refused from one."""
COSIGNED: frozenset[type[Message]] = BY_TWO | {EnrolAccount}
"""What a second person may sign too: an account that two enrolled needs no confirmation."""
