"""By which bank entry a request's programme is paid, and in which words it is explained: what its pack says of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from throughline.packs.directory import Packs
from throughline.packs.model import Pack
from throughline.packs.pay_by import clock_of
from throughline.packs.price import Adjusted
from throughline.packs.price import Price as PackPrice
from throughline.packs.statement import bank_entry, plain_statement
from throughline.packs.travel import form_of
from throughline.programmes import MEDICAL, BankEntry, PayClock, PlainStatement
from throughline.requests import PaymentRequest
from throughline.submissions import SubmissionReceived
from validation.programme import NOTHING_COUNTED, pack_for, weighed
from validation.reference import Terms


class Leaving(NamedTuple):
    """Both None: a health-care claim, or of a programme that nobody here knows."""

    entry: BankEntry | None = None
    plain: PlainStatement | None = None
    pay_by: PayClock | None = None
    """If it is properly completed: the clock began when this version came in."""

    @property
    def unpaid(self) -> Leaving:
        """The same for a decision that pays nothing: no part of the price explains it."""
        return (
            self
            if self.plain is None
            else self._replace(plain=self.plain.model_copy(update={"explained": ()}))
        )


AS_A_CLAIM = Leaving()


def leaving(
    submission: SubmissionReceived, terms: Terms, packs: Packs, counted: Mapping[str, int] = NOTHING_COUNTED
) -> Leaving:
    """As its form's pack says; without a form as the latest pack of its programme does. ``counted`` is of earlier
    forms, as its price reads them."""
    request = submission.request
    if request.programme == MEDICAL:
        return AS_A_CLAIM
    pack = pack_for(submission, packs)
    if pack is None:
        return AS_A_CLAIM
    values = _values(pack, request, terms)
    clock = None if request.form is None else clock_of(pack, values, submission.received_on)
    return Leaving(
        bank_entry(pack), plain_statement(pack, values, _adjusted(submission, terms, packs, counted)), clock
    )


def _values(pack: Pack, request: PaymentRequest, terms: Terms) -> dict[str, Any]:
    """What may be shown of whom it is for: of the form and what was printed; without one, of the request itself."""
    if request.form is None:
        said = {} if request.child_care is None else dict(request.child_care)
        named = {pack.header.request.last_name: request.subject.last_name}
        if pack.header.request.first_name and request.subject.first_name is not None:
            named[pack.header.request.first_name] = request.subject.first_name
        return {
            name: value.reveal() if hasattr(value, "reveal") else value
            for name, value in {**said, **named}.items()
        }
    printed = None if terms.authorisation is None else terms.authorisation.printed
    return {**({} if printed is None else form_of(printed).values), **form_of(request.form).values}


def _adjusted(
    submission: SubmissionReceived, terms: Terms, packs: Packs, counted: Mapping[str, int]
) -> tuple[Adjusted, ...]:
    found = weighed(submission, terms, packs, submission.received_on, counted)
    return found.price.adjusted if found is not None and isinstance(found.price, PackPrice) else ()
