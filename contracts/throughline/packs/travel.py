"""A form as it travels in a request, and as its pack weighs it. Pure.

Personal values are revealed here and go no further than ``assess``, which compares and counts them.
"""

from __future__ import annotations

from collections.abc import Iterable

from throughline.packs.assess import Assessment, assess, at_fault
from throughline.packs.form import Fault, Form, Values
from throughline.packs.model import Column, Pack
from throughline.packs.part import Known
from throughline.packs.price import Unpriced
from throughline.requests import FormRow, PaymentRequest, ProgrammeForm
from throughline.sensitive import Sensitive


def assess_sent(
    pack: Pack, request: PaymentRequest, authorised: ProgrammeForm | None, given: Values
) -> Assessment | None:
    """What the form of a request comes to; None where it carries none. ``authorised`` is what the agency printed."""
    sent = request.form
    if sent is None:
        return None
    if (sent.pack, sent.pack_version) != (pack.header.id, pack.header.version):
        return Assessment(at_fault([Fault("pack", "version")]), (), Unpriced("form"))
    misplaced = faults_of_places(pack, sent)
    if misplaced:
        return Assessment(at_fault(misplaced), (), Unpriced("form"))
    form = form_of(sent, [one.type for one in request.attachments])
    return assess(pack, form, None if authorised is None else form_of(authorised), given)


def form_of(sent: ProgrammeForm, attachments: Iterable[str] = ()) -> Form:
    """The form that was sent, its personal values among the others."""
    return Form(
        _together(sent.values, sent.personal),
        {
            name: tuple([_together(row.values, row.personal) for row in rows])
            for name, rows in sent.rows.items()
        },
        tuple(attachments),
    )


def sent_of(pack: Pack, form: Form) -> ProgrammeForm:
    """The form as it travels: every value where its field says."""
    values, personal = _apart(pack.fields, form.values)
    columns = {one.id: one.column for one in pack.fields}
    rows = {
        name: tuple(
            [
                FormRow(values=plain, personal=own)
                for plain, own in [_apart(columns[name], row) for row in made]
            ]
        )
        for name, made in form.rows.items()
    }
    header = pack.header
    return ProgrammeForm(
        pack=header.id, pack_version=header.version, values=values, personal=personal, rows=rows
    )


def faults_of_places(pack: Pack, sent: ProgrammeForm) -> list[Fault]:
    """Fields whose personal values stand in the open, or the other way round."""
    found = _misplaced("", pack.fields, sent.values, sent.personal)
    columns = {one.id: one.column for one in pack.fields}
    for name, rows in sent.rows.items():
        for position, row in enumerate(rows):
            found += _misplaced(f"{name}[{position}].", columns.get(name, ()), row.values, row.personal)
    return found


def _misplaced(
    path: str, columns: Iterable[Column], values: Iterable[str], personal: Iterable[str]
) -> list[Fault]:
    is_personal = {one.id: one.sensitive for one in columns}
    wrong = [name for name in values if is_personal.get(name, False)]
    wrong += [name for name in personal if not is_personal.get(name, True)]
    return [Fault(f"{path}{name}", "misplaced") for name in wrong]


def _together(values: Values, personal: dict[str, Sensitive]) -> dict[str, Known]:
    return {**values, **{name: value.reveal() for name, value in personal.items()}}


def _apart(columns: Iterable[Column], values: Values) -> tuple[dict[str, Known], dict[str, Sensitive]]:
    is_personal = {one.id for one in columns if one.sensitive}
    return (
        {name: value for name, value in values.items() if name not in is_personal},
        {name: Sensitive(str(value)) for name, value in values.items() if name in is_personal},
    )
