"""Which transaction codes, service classes and SEC codes exist, and which side of the ledger each is on.

Source: Nacha Operating Rules, appendix three, code values; checked against moov-io/ach entryDetail.go.
"""

LIVE_CREDITS = frozenset({22, 32, 42, 52})
PRENOTE_CREDITS = frozenset({23, 33, 43, 53})
ZERO_CREDITS = frozenset({24, 34, 44, 54})
LIVE_DEBITS = frozenset({27, 37, 47, 55})
PRENOTE_DEBITS = frozenset({28, 38, 48})
ZERO_DEBITS = frozenset({29, 39, 49})
RETURNED_CREDITS = frozenset({21, 31, 41, 51})
RETURNED_DEBITS = frozenset({26, 36, 46, 56})
RETURN_CODES = RETURNED_CREDITS | RETURNED_DEBITS
ZERO_ONLY = PRENOTE_CREDITS | PRENOTE_DEBITS | ZERO_CREDITS | ZERO_DEBITS
NEEDS_ADDENDA = ZERO_CREDITS | ZERO_DEBITS
CREDITS = LIVE_CREDITS | PRENOTE_CREDITS | ZERO_CREDITS | RETURNED_CREDITS
DEBITS = LIVE_DEBITS | PRENOTE_DEBITS | ZERO_DEBITS | RETURNED_DEBITS
ALL = CREDITS | DEBITS

MIXED, CREDITS_ONLY, DEBITS_ONLY = 200, 220, 225
SERVICE_CLASSES = frozenset({MIXED, CREDITS_ONLY, DEBITS_ONLY})

# What this product writes. Zero-dollar remittance entries exist for CCD and CTX only.
_ORDINARY = frozenset({22, 23, 27, 28, 32, 33, 37, 38})
WRITABLE = {"CCD": _ORDINARY | frozenset({24, 29, 34, 39}), "PPD": _ORDINARY}

READABLE_SEC = frozenset(
    {"ACK", "ARC", "ATX", "BOC", "CCD", "CIE", "COR", "CTX", "DNE", "ENR", "MTE", "POP", "POS", "PPD", "RCK"}
    | {"SHR", "TEL", "TRC", "TRX", "WEB", "XCK"}
)
# Amount field: ten digits of cents.
MAX_AMOUNT_CENTS = 9_999_999_999
MAX_TOTAL_CENTS = 999_999_999_999


def fits_service_class(code: int, service_class: int) -> bool:
    """Whether an entry may stand in a batch of this service class."""
    if service_class == MIXED:
        return True
    return code in (CREDITS if service_class == CREDITS_ONLY else DEBITS)
