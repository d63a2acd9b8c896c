"""Two operators publish rules: believed and sound, they decide what comes in from now on; else nothing changes."""

from __future__ import annotations

from chassis import Heard, Say
from chassis.signer import Signer
from throughline.decisions import CommandRefused
from throughline.message import is_blank
from throughline.reasons import Reason
from throughline.rule_sets import KEY, PublishRuleSet, RuleSetPublished, files_sha256
from validation.publishing import RuleSetWork
from validation.rules.published import texts_of
from validation.rules.workbench import Problem, lint


def publish_rule_set(heard: Heard[PublishRuleSet], work: RuleSetWork, say: Say) -> None:
    """Signatures first, then the step-up, the version, the hash, and what would stop a start with these files."""
    command, signer = heard.message, heard.signer
    if not isinstance(signer, Signer):
        _refuse(heard, signer or Reason.UNSIGNED, say)  # told as a security event where it was judged
        return
    if is_blank(command.note):
        _refuse(heard, Reason.NOTE_BLANK, say)
        return
    reason, problem = refusal_of(command, signer.stepped_up, work.highest_version)
    if reason is not None:
        say.security_event(heard, reason)
        _refuse(heard, reason, say, problem)
        return
    assert signer.second_person_id is not None, "two people sign it"
    work.publish(command)
    event = RuleSetPublished(
        version=command.version,
        effective_from=command.effective_from,
        sha256=command.sha256,
        rule_count=len(work.published_rules(command)),
        published_by=signer.person_id,
        second_person=signer.second_person_id,
        note=command.note,
    )
    say(event, key=KEY)


def refusal_of(
    command: PublishRuleSet, stepped_up: bool, highest_version: int
) -> tuple[Reason | None, Problem | None]:
    """Why a set that two people signed is not published all the same."""
    if not stepped_up:
        return Reason.STEP_UP_MISSING, None
    if command.version <= highest_version:
        return Reason.STALE_VERSION, None
    if command.sha256 != files_sha256(command.files):
        return Reason.RULES_ALTERED, None
    problems = lint(texts_of(command))
    return (Reason.RULES_UNSOUND, problems[0]) if problems else (None, None)


def _refuse(heard: Heard[PublishRuleSet], reason: Reason, say: Say, problem: Problem | None = None) -> None:
    detail = reason.sentence
    if problem is not None:
        detail = f"{problem.file}: {problem.rule or 'file'}: {problem.problem}"[:400]
    refused = CommandRefused(
        command_id=heard.envelope.id,
        command_type=heard.message.type_name(),
        reason=reason,
        detail=detail,
    )
    say(refused, key=KEY)
