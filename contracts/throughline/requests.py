"""What a partner asks: pay this. The payment request and the three commands of ``intake.<partner>``.

Sources: 837P 005010X222A1 for medical claims, WIC 10227.5 for child-care requests. These messages are untrusted: intake
validates them with unknown fields forbidden.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from throughline.identifiers import Npi
from throughline.message import Code, Command, Note, Record, Sha256, Text
from throughline.money import Cents, Currency, TotalCents
from throughline.programmes import Programme
from throughline.sensitive import Sensitive, SensitiveDate, SensitiveTin

RequestNumber = Annotated[str, Field(min_length=1, max_length=38, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._/#-]*$")]
"""The partner's own number (CLM01, echoed as CLP01): at most 38 characters, none of them an X12 separator."""

LINES_MAX = 50
DIAGNOSES_MAX = 12


class Payee(Record):
    """Who is to be paid: the billing provider."""

    kind: Literal["npi", "programme"]
    identifier: Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[A-Za-z0-9-]+$")]
    """The NPI, or the number the programme knows the provider by."""
    tin: SensitiveTin
    name: Text | None = None


class Subject(Record):
    """For whom the service was given."""

    member_id: Sensitive
    last_name: Sensitive
    first_name: Sensitive | None = None
    birth_date: SensitiveDate | None = None


class ServiceLine(Record):
    """One service. ``units_thousandths`` is 1000 for one unit: claims bill fractions, and floats are not exact."""

    line_id: Annotated[str, Field(min_length=1, max_length=30, pattern=r"^[A-Za-z0-9._-]+$")]
    from_date: date
    to_date: date
    code: Annotated[str, Field(pattern=r"^[A-Z0-9]{4,8}$")]
    modifiers: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Z0-9]{2}$")], ...], Field(max_length=4)
    ] = ()
    unit: Literal["UN", "MJ"] = "UN"
    units_thousandths: Annotated[int, Field(ge=0, le=9_999_999_000)]
    charge_cents: Cents
    diagnosis_pointers: Annotated[tuple[Annotated[int, Field(ge=1, le=12)], ...], Field(max_length=4)] = ()
    place_of_service: Annotated[str, Field(pattern=r"^[0-9]{2}$")] | None = None


class Attachment(Record):
    """A document that stands with the request: its type and the SHA-256 of its bytes."""

    type: Code
    sha256: Sha256


class ChildCareFields(Record):
    """What a child-care payment request carries beside its lines (WIC 10227.5, county forms)."""

    county: Code
    case_number: Sensitive
    service_month: Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
    stage: Annotated[int, Field(ge=1, le=3)]
    rate_category: Literal["hourly", "daily", "weekly", "monthly"]
    family_fee_cents: Cents = 0
    parent_signed_on: date | None = None
    provider_signed_on: date | None = None


FormName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
FormText = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
FormNumber = Annotated[int, Field(ge=-9_999_999_999, le=9_999_999_999)]
FormValues = Annotated[dict[FormName, bool | FormNumber | FormText], Field(max_length=200)]
FormPersonal = Annotated[dict[FormName, Sensitive], Field(max_length=100)]


class FormRow(Record):
    """A row of a form's table."""

    values: FormValues = {}
    personal: FormPersonal = {}


class ProgrammeForm(Record):
    """A programme's own form, by the fields of its pack (docs/packs.md). ``personal`` is what tells of a person."""

    pack: Code
    pack_version: Annotated[int, Field(ge=1)]
    values: FormValues = {}
    personal: FormPersonal = {}
    rows: Annotated[
        dict[FormName, Annotated[tuple[FormRow, ...], Field(max_length=200)]], Field(max_length=20)
    ] = {}


class PaymentRequest(Record):
    """One request to pay one payee for services to one subject."""

    number: RequestNumber
    version: Annotated[int, Field(ge=1, le=999)] = 1
    frequency: Literal["1", "7", "8"] = "1"
    """1 original, 7 replacement, 8 void (CLM05-3)."""
    payer_claim_number: (
        Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9-]+$")] | None
    ) = None
    """The number the original was given here (REF*F8); required with frequency 7 and 8."""
    programme: Programme = "medical"
    """``medical``, or the programme of a pack that validation reads; of any other the request is stopped."""
    payer: Code
    payer_order: Literal["P", "S", "T"] | None = None
    """Whether the payer comes first, second or third for this bill (SBR01). None: not said, taken as first."""
    payee: Payee
    rendering_provider: Npi | None = None
    subject: Subject
    lines: Annotated[tuple[ServiceLine, ...], Field(min_length=1, max_length=LINES_MAX)]
    diagnoses: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Z0-9]{3,7}$")], ...], Field(max_length=DIAGNOSES_MAX)
    ] = ()
    place_of_service: Annotated[str, Field(pattern=r"^[0-9]{2}$")] | None = None
    total_cents: Annotated[TotalCents, Field(le=9_999_999_999)]
    currency: Currency
    invoice_number: Text | None = None
    invoice_date: date | None = None
    contract_id: Code | None = None
    authorisation_number: (
        Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9-]+$")] | None
    ) = None
    child_care: ChildCareFields | None = None
    form: ProgrammeForm | None = None
    """The form of the programme's pack, by which the request is checked, priced and explained."""
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=20)] = ()


class SubmitRequest(Command):
    """Pay this. Answered once, by ``RequestAnswered``."""

    request: PaymentRequest


class CorrectRequest(Command):
    """Replace (frequency 7) or void (frequency 8) what was sent before: the next version under the same number."""

    request: PaymentRequest


class WithdrawRequest(Command):
    """Do not pay what was sent before. Possible until it leaves for the bank."""

    number: RequestNumber
    version: Annotated[int, Field(ge=1, le=999)]
    payee: Payee
    note: Note | None = None
