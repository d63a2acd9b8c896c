"""The requests that one slice may find itself repeated in: those that were stored, and those that the slice adds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from throughline.packs.directory import Packs
from throughline.submissions import SubmissionReceived
from validation.near_duplicates.keys import NearKeys, widened
from validation.near_duplicates.rules import DuplicateRules, DuplicateRuleSets

Which = tuple[UUID, int]
"""A version of a request."""
DOCUMENT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Asked:
    """One version that will be judged: by what the stored ones are looked for."""

    which: Which
    keys: NearKeys
    documents: tuple[bytes, ...]


@dataclass(slots=True)
class Past:
    """``revision`` is that of the newest stored row when this was read: who stores later looks what came since."""

    rules: DuplicateRuleSets
    packs: Packs = field(default_factory=dict)
    revision: int = 0
    found: dict[Which, dict[Which, SubmissionReceived]] = field(default_factory=lambda: defaultdict(dict))
    added: list[tuple[SubmissionReceived, NearKeys, tuple[bytes, ...]]] = field(default_factory=list)
    _judged_by: dict[Which, DuplicateRules] = field(default_factory=dict)
    _by_key: dict[object, list[tuple[SubmissionReceived, NearKeys]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def rules_of(self, submission: SubmissionReceived, keys: NearKeys) -> DuplicateRules:
        """By which it was judged; where nobody said, those of the release for its first service day."""
        which = (submission.request_id, submission.version)
        return self._judged_by.get(which) or self.rules.in_force_on(keys.first_day)

    def candidates(self, submission: SubmissionReceived, keys: NearKeys) -> Iterator[SubmissionReceived]:
        """Each once, those stored before first."""
        which = (submission.request_id, submission.version)
        given = set()
        for other, there in self.found.get(which, {}).items():
            given.add(other)
            yield there
        if not self._by_key:
            return
        first, last = widened(keys, self.rules.shift_days_max)
        on_any_day = (keys.invoice, *self.documents_of(submission))
        for key in (keys.member, keys.name, keys.birth, *on_any_day):
            for there, theirs in self._by_key.get(key, ()):
                other = (there.request_id, there.version)
                overlaps = theirs.first_day <= last and theirs.last_day >= first
                if other not in given and (overlaps or key in on_any_day):
                    given.add(other)
                    yield there

    def add(
        self, submission: SubmissionReceived, keys: NearKeys, judged_by: DuplicateRules | None = None
    ) -> None:
        """From now on it may be repeated: its bill is claimed."""
        if judged_by is not None:
            self._judged_by[submission.request_id, submission.version] = judged_by
        documents = self.documents_of(submission)
        self.added.append((submission, keys, documents))
        for key in (keys.member, keys.name, keys.birth, keys.invoice, *documents):
            if key is not None:
                self._by_key[key].append((submission, keys))

    def documents_of(self, submission: SubmissionReceived) -> tuple[bytes, ...]:
        """The hashes of attachments that stand with one request alone, cut like bill keys."""
        attachments = submission.request.attachments
        if not attachments:
            return ()
        repeating = self.rules.repeating_attachments
        return tuple(
            [bytes.fromhex(one.sha256)[:DOCUMENT_BYTES] for one in attachments if one.type not in repeating]
        )
