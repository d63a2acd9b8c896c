"""The writer: exact bytes of a worked file, a row per refusal, and any accepted entry comes back as it
was.
"""

import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payout.nacha import (
    Addenda,
    BatchFacts,
    Entry,
    EntryDetail,
    Fault,
    FileFacts,
    FileWriter,
    Frame,
    Unencodable,
    encode_entry,
    read_records,
    trn,
)
from payout.nacha.fields import FieldRefused
from payout.nacha.routing import check_digit
from payout.nacha.write import WriterMisused

FILE = FileFacts(
    "121042882", "9876543212", datetime(2026, 11, 16, 9, 30, tzinfo=UTC), "A", "ODFI BANK", "DEMO HEALTH PLAN"
)
BATCH = BatchFacts("DEMO HEALTH PLAN", "1987654321", "CCD", "HCCLAIMPMT", date(2026, 11, 17), "12104288", 1)
TRN_1 = "TRN*1*202611160001*1987654321~"
OAKWOOD = Entry(22, "091000019", "123456789", 13000, "1234567893", "OAKWOOD CLINIC", 1, TRN_1)
ELM = Entry(
    22,
    "021000021",
    "000987654",
    4525,
    "1558598797",
    "ELM STREET THERAPY",
    2,
    "TRN*1*202611160002*1987654321~",
)

WORKED = (
    "101 12104288298765432122611160930A094101ODFI BANK              DEMO HEALTH PLAN               \n"
    "5220DEMO HEALTH PLAN                    1987654321CCDHCCLAIMPMT261117261117   1121042880000001\n"
    "622091000019123456789        00000130001234567893     OAKWOOD CLINIC          1121042880000001\n"
    "705TRN*1*202611160001*1987654321~                                                  00010000001\n"
    "622021000021000987654        00000045251558598797     ELM STREET THERAPY      1121042880000002\n"
    "705TRN*1*202611160002*1987654321~                                                  00010000002\n"
    "822000000400112000030000000000000000000175251987654321                         121042880000001\n"
    "9000001000001000000040011200003000000000000000000017525                                       \n"
    + ("9" * 94 + "\n")
    * 2
).encode()


def written(entries: list[Entry], batch: BatchFacts = BATCH) -> bytes:
    out = io.BytesIO()
    writer = FileWriter(out.write, FILE)
    writer.begin_batch(batch)
    for entry in entries:
        assert writer.add(entry) is None
    writer.end_batch()
    totals = writer.close()
    assert totals.size == len(out.getvalue())
    assert totals.lines == out.getvalue().count(b"\n")
    return out.getvalue()


def test_the_worked_file_is_written_byte_for_byte() -> None:
    assert written([OAKWOOD, ELM]) == WORKED


def changed(**fields: object) -> Entry:
    values = {name: getattr(OAKWOOD, name) for name in Entry.__slots__}
    return Entry(**{**values, **fields})


@pytest.mark.parametrize(
    ("entry", "field", "fault"),
    [
        (changed(routing="091000018"), "routing_number", Fault.ROUTING),
        (changed(routing="000000000"), "routing_number", Fault.ROUTING),
        (changed(routing="131000015"), "routing_number", Fault.ROUTING),
        (changed(routing="09100001"), "routing_number", Fault.ROUTING),
        (changed(routing="٠٩١٠٠٠٠١٩"), "routing_number", Fault.ROUTING),
        (changed(account="123456789012345678"), "account_number", Fault.LENGTH),
        (changed(account=""), "account_number", Fault.REQUIRED),
        (changed(account=" 123"), "account_number", Fault.BLANKS),
        (changed(name="A NAME OF TWENTY-THREE C"), "receiving_name", Fault.LENGTH),
        (changed(name="PEÑA"), "receiving_name", Fault.CHARSET),
        (changed(name="TAB\tBED"), "receiving_name", Fault.CHARSET),
        (changed(name="TRAILING "), "receiving_name", Fault.BLANKS),
        (changed(name=""), "receiving_name", Fault.REQUIRED),
        (changed(identification="1234567890123456"), "identification_number", Fault.LENGTH),
        (changed(amount_cents=10_000_000_000), "amount", Fault.RANGE),
        (changed(amount_cents=-1), "amount", Fault.RANGE),
        (changed(amount_cents=0), "amount", Fault.RANGE),
        (changed(amount_cents=130.0), "amount", Fault.NUMBER),
        (changed(amount_cents=True), "amount", Fault.NUMBER),
        (changed(code=99), "transaction_code", Fault.TRANSACTION_CODE),
        (changed(code=21), "transaction_code", Fault.TRANSACTION_CODE),
        (changed(code=27), "service_class", Fault.SERVICE_CLASS),
        (changed(code=23), "amount", Fault.RANGE),
        (changed(addenda=None), "payment_information", Fault.ADDENDA),
        (changed(addenda="TRN*1*A*1987654321"), "payment_information", Fault.TRN),
        (changed(addenda="TRN*1*A*2987654321~"), "payment_information", Fault.TRN),
        (changed(addenda="TRN*1*A*198765432~"), "payment_information", Fault.TRN),
        (changed(addenda=TRN_1 + TRN_1), "payment_information", Fault.TRN),
        (changed(addenda=trn.segment("9" * 51, "1987654321")), "payment_information", Fault.TRN),
        (
            changed(addenda=f"TRN*1*{'9' * 50}*1987654321*{'8' * 15}~"),
            "payment_information",
            Fault.LENGTH,
        ),
        (changed(sequence=0), "trace_number", Fault.TRACE),
        (changed(sequence=10_000_000), "trace_number", Fault.RANGE),
    ],
)
def test_what_cannot_be_encoded_is_an_answer(entry: Entry, field: str, fault: Fault) -> None:
    assert encode_entry(entry, BATCH) == Unencodable(field, fault)


def test_a_refused_entry_leaves_no_trace_in_the_file() -> None:
    out = io.BytesIO()
    writer = FileWriter(out.write, FILE)
    writer.begin_batch(BATCH)
    assert writer.add(OAKWOOD) is None
    assert writer.add(changed(name="PEÑA", sequence=2)) == Unencodable("receiving_name", Fault.CHARSET)
    assert writer.add(ELM) is None
    writer.end_batch()
    writer.close()
    assert out.getvalue() == WORKED


@pytest.mark.parametrize("sec", ["PPD"])
def test_health_care_payments_are_ccd(sec: str) -> None:
    batch = BatchFacts("PLAN", "1987654321", sec, "HCCLAIMPMT", date(2026, 11, 17), "12104288", 1)
    assert encode_entry(OAKWOOD, batch) == Unencodable("sec_code", Fault.SEC_CODE)


def test_trace_numbers_never_start_again_in_the_next_batch() -> None:
    out = io.BytesIO()
    writer = FileWriter(out.write, FILE)
    writer.begin_batch(BATCH)
    assert writer.add(OAKWOOD) is None
    writer.end_batch()
    second = BatchFacts(
        "DEMO HEALTH PLAN", "1987654321", "CCD", "HCCLAIMPMT", date(2026, 11, 17), "12104288", 2
    )
    writer.begin_batch(second)
    assert writer.add(OAKWOOD) == Unencodable("trace_number", Fault.TRACE)


def test_totals_that_outgrow_their_control_field_are_refused_entry_by_entry() -> None:
    writer = FileWriter(lambda _: None, FILE)
    writer.begin_batch(BATCH)
    for sequence in range(1, 101):
        assert writer.add(changed(amount_cents=9_999_999_999, sequence=sequence)) is None
    assert writer.add(changed(amount_cents=9_999_999_999, sequence=101)) == Unencodable(
        "amount", Fault.CONTROL
    )
    assert writer.add(changed(amount_cents=99, sequence=101)) is None


def test_misuse_is_no_file() -> None:
    writer = FileWriter(lambda _: None, FILE)
    for step in (writer.close, writer.end_batch):
        with pytest.raises(WriterMisused):
            step()
    with pytest.raises(WriterMisused):
        writer.add(OAKWOOD)
    writer.begin_batch(BATCH)
    with pytest.raises(WriterMisused):
        writer.begin_batch(BATCH)
    with pytest.raises(WriterMisused):
        writer.end_batch()


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        (FileFacts("121042881", "9876543212", FILE.created_at, "A", "B", "C"), "immediate_destination"),
        (FileFacts("121042882", "98765432123", FILE.created_at, "A", "B", "C"), "immediate_origin"),
        (FileFacts("121042882", "9876543212", FILE.created_at, "a", "B", "C"), "file_id_modifier"),
        (FileFacts("121042882", "9876543212", FILE.created_at, "A", "B" * 24, "C"), "destination_name"),
    ],
)
def test_a_wrong_setting_is_named(facts: FileFacts, field: str) -> None:
    with pytest.raises(FieldRefused) as refused:
        FileWriter(lambda _: None, facts)
    assert refused.value.field == field


def _routing(parts: tuple[int, int]) -> str:
    text = f"{parts[0]:02d}{parts[1]:06d}"
    return text + str(check_digit(text))


def _text(width: int) -> st.SearchStrategy[str]:
    printable = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
    return st.text(printable, min_size=1, max_size=width).map(str.strip).filter(bool)


entries = st.builds(
    Entry,
    code=st.sampled_from([22, 32]),
    routing=st.tuples(st.sampled_from([1, 12, 21, 32, 61, 72, 80]), st.integers(0, 999_999)).map(_routing),
    account=_text(17),
    amount_cents=st.integers(1, 9_999_999_999),
    identification=_text(15),
    name=_text(22),
    sequence=st.just(1),
    addenda=st.from_regex(r"\ATRN\*1\*[0-9A-Z]{1,50}\*1[0-9]{9}[~\\]\Z"),
)


@given(st.lists(entries, min_size=1, max_size=30))
def test_every_entry_comes_back_as_it_was(drawn: list[Entry]) -> None:
    numbered = [
        Entry(e.code, e.routing, e.account, e.amount_cents, e.identification, e.name, n, e.addenda)
        for n, e in enumerate(drawn, start=1)
    ]
    data = written(numbered)
    records = list(read_records(io.BytesIO(data), Frame.STRICT))
    details = [r for r in records if isinstance(r, EntryDetail)]
    notes = [r.payment_information for r in records if isinstance(r, Addenda)]
    assert [
        (d.code, d.routing, d.account, d.amount_cents, d.identification, d.name, int(d.trace[8:]))
        for d in details
    ] == [
        (e.code, e.routing, e.account, e.amount_cents, e.identification, e.name, e.sequence) for e in numbered
    ]
    assert notes == [e.addenda for e in numbered]
    assert written(numbered) == data


@given(entries, st.text())
def test_any_text_as_a_name_is_written_whole_or_refused(entry: Entry, name: str) -> None:
    tried = Entry(entry.code, entry.routing, entry.account, entry.amount_cents, "", name, 1, entry.addenda)
    answer = encode_entry(tried, BATCH)
    if isinstance(answer, bytes):
        assert answer[54:76].decode().rstrip() == name
    else:
        assert answer.field == "receiving_name"
