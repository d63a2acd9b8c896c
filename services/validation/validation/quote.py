"""What a version would be paid now, what it would use up, and whether that is left: asked anew for each decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from throughline.findings import Finding
from throughline.packs.directory import NO_PACKS, Packs
from throughline.programmes import MEDICAL
from throughline.submissions import SubmissionReceived
from validation import authorised_units, plan_year
from validation.pricing import Price, price
from validation.programme import NOTHING_COUNTED, is_known, price_of_form
from validation.reference import Terms
from validation.tallies import Reading, Readings, Tallies, TallyKey


class Quote(NamedTuple):
    price: Price | None
    readings: Readings = ()
    """What an approval adds to the tallies."""
    shortage: Finding | None = None
    """Too little is left of something."""

    @property
    def read(self) -> Readings:
        """The same without adding anything."""
        return tuple([one._replace(added=0) for one in self.readings])


def quote(
    submission: SubmissionReceived,
    terms: Terms,
    tallies: Tallies,
    packs: Packs = NO_PACKS,
    counted: Mapping[str, int] = NOTHING_COUNTED,
) -> Quote:
    """At the terms on file and as the tallies stand. ``counted`` is of earlier forms."""
    readings: Readings = ()
    keys = plan_year.keys_of(submission, terms)
    if submission.request.form is not None:
        proposed = price_of_form(submission, terms, packs, counted)
    elif submission.request.programme != MEDICAL and not is_known(submission, packs):
        proposed = None  # nobody knows how it would be paid
    elif keys is None or terms.contract is None:
        proposed = price(submission.request.lines, terms)
    else:
        left = plan_year.left_of(terms.contract, keys, tallies)
        proposed = price(submission.request.lines, terms, left)
        if proposed is not None:
            readings = plan_year.readings_of(keys, tallies, proposed)
    found = authorised_units.counted(submission, terms)
    if found is None:
        return Quote(proposed, readings)
    key = authorised_units.key_of(found)
    used, wanted = tallies.of(key), authorised_units.units_thousandths(submission, found, terms)
    reading = Reading(authorised_units.KIND, key, used, wanted)
    return Quote(proposed, (*readings, reading), authorised_units.shortage(found, used, wanted))


def tally_keys(submission: SubmissionReceived, terms: Terms) -> Iterator[TallyKey]:
    """Of all tallies that ``quote`` may read under these terms."""
    yield from plan_year.keys_of(submission, terms) or ()
    found = authorised_units.counted(submission, terms)
    if found is not None:
        yield authorised_units.key_of(found)
