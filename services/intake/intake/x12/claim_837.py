"""Professional claims of an 837P file, 005010X222A1 and A2: every CLM becomes a payment request or reasons.

Two readings: the first checks the envelope and counts the claims, so that no claim of a file that is not whole is
trusted; the second gives the claims one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from intake.file_claims import PROBLEMS_MAX, FileClaim, FileReading, usable_number
from intake.x12.claim_loops import GUIDE_SEGMENTS, ClaimLoops, GatheredClaim
from intake.x12.claim_request import request_of
from intake.x12.envelope import Envelope, walk
from intake.x12.tokenizer import X12Error
from throughline.answers import Problem
from throughline.reasons import Reason

VERSIONS = ("005010X222A1", "005010X222A2")


def read_claims(file: BinaryIO) -> FileReading:
    """Look through a seekable 837P file from its start. Never raises for what the file holds."""
    file.seek(0)
    envelope, count = Envelope(), 0
    for segment in walk(file, envelope):
        if segment.elements[0] == "CLM":
            count += 1
        elif segment.elements[0] == "ST" and segment.element(1) != "837":
            what = "only 837 professional claims are read here; send other transaction sets where they belong"
            envelope.failed(segment.error(Reason.GUIDE_VERSION, what, 1))
        elif segment.elements[0] not in GUIDE_SEGMENTS and envelope.version in VERSIONS:
            what = "is not a segment of the 837P guide; the file was damaged, make it again"
            envelope.failed(segment.error(Reason.SEGMENT, what))
    if count == 0 and not envelope.errors:
        what = "the file holds no claim; send it with its CLM segments"
        envelope.failed(X12Error(Reason.EMPTY, "CLM", 1, 0, what))
    problems = tuple(problem_of(error) for error in envelope.errors)
    return FileReading(problems, count, _claims(file, problems))


def problem_of(error: X12Error) -> Problem:
    """What a partner is told of a breach: reason, segment and position, what to do."""
    return Problem(reason=error.reason, field=error.field[:200], detail=error.what[:400])


def _claims(file: BinaryIO, file_problems: tuple[Problem, ...]) -> Iterator[FileClaim]:
    file.seek(0)
    envelope, loops, position = Envelope(), ClaimLoops(), 0
    for segment in walk(file, envelope):
        gathered = loops.feed(segment)
        if gathered is not None:
            position += 1
            yield _outcome(gathered, position, file_problems)
        if segment.elements[0] == "ST":
            loops.begin(segment, _version_error(envelope))
    gathered = loops.finish()
    if gathered is not None:
        yield _outcome(gathered, position + 1, file_problems)


def _version_error(envelope: Envelope) -> X12Error | None:
    if envelope.group is None or envelope.transaction is None:
        return None
    if envelope.version not in VERSIONS:
        what = f"is not {VERSIONS[0]} or {VERSIONS[1]}; send the claim in that version"
        return envelope.group.opened.error(Reason.GUIDE_VERSION, what, 8)
    if envelope.transaction.opened.element(3) != envelope.version:
        what = "is not the version that GS08 tells; both name the guide"
        return envelope.transaction.opened.error(Reason.GUIDE_VERSION, what, 3)
    return None


def _outcome(claim: GatheredClaim, position: int, file_problems: tuple[Problem, ...]) -> FileClaim:
    """A claim with its request, or with the file's reasons and its own."""
    request, errors = request_of(claim)
    number = usable_number(claim.clm.element(1))
    where = f"CLM (segment {claim.clm.index}, byte {claim.clm.offset})"
    if not file_problems and not errors and request is not None:
        return FileClaim(position, number, where, request)
    problems = file_problems[:20] + tuple(problem_of(error) for error in errors)
    return FileClaim(position, number, where, None, problems[:PROBLEMS_MAX])
