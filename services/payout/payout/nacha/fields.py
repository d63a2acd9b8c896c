"""One field at a time: text to exactly its width, or a refusal. Nothing is cut, folded or replaced."""

from datetime import date, datetime

from payout.nacha.errors import Fault


class FieldRefused(Exception):
    """A value does not fit its field; turned into `Unencodable` or `NachaRefused` by whoever knows the
    record.
    """

    def __init__(self, field: str, fault: Fault) -> None:
        self.field = field
        self.fault = fault
        super().__init__(f"{field}: {fault.value}")


def text(field: str, value: str, width: int, *, required: bool = True) -> str:
    """Left-justified printable ASCII. Leading or trailing blanks are refused: a reader could not give them
    back.
    """
    if not value:
        if required:
            raise FieldRefused(field, Fault.REQUIRED)
        return " " * width
    if not (value.isascii() and value.isprintable()):
        raise FieldRefused(field, Fault.CHARSET)
    if len(value) > width:
        raise FieldRefused(field, Fault.LENGTH)
    if value[0] == " " or value[-1] == " ":
        raise FieldRefused(field, Fault.BLANKS)
    return value.ljust(width)


def number(field: str, value: int, width: int) -> str:
    """Right-justified, zero-filled, never negative, never wider than its field."""
    if type(value) is not int:  # a float or a bool is a defect of the caller, and never money
        raise FieldRefused(field, Fault.NUMBER)
    if value < 0 or value >= 10**width:
        raise FieldRefused(field, Fault.RANGE)
    return str(value).zfill(width)


def digits(field: str, value: str, width: int) -> str:
    """Exactly `width` digits, as an identifier (leading zeros count)."""
    if not (value.isascii() and value.isdigit()):
        raise FieldRefused(field, Fault.NUMBER)
    if len(value) != width:
        raise FieldRefused(field, Fault.LENGTH)
    return value


def day(value: date) -> str:
    """YYMMDD."""
    return value.strftime("%y%m%d")


def minute(value: datetime) -> str:
    """HHMM of a local time."""
    return value.strftime("%H%M")


def parse_number(field: str, raw: str) -> int:
    """Digits only: a blank, a sign or a letter in a number is a refusal."""
    if not (raw.isascii() and raw.isdigit()):
        raise FieldRefused(field, Fault.NUMBER)
    return int(raw)


def parse_day(field: str, raw: str) -> date:
    """YYMMDD of this century. ACH has no other."""
    parse_number(field, raw)
    try:
        return date(2000 + int(raw[:2]), int(raw[2:4]), int(raw[4:6]))
    except ValueError:
        raise FieldRefused(field, Fault.DATE) from None
