"""ABA routing numbers: form, prefix and check digit. That one is well-formed does not prove that it takes
ACH.
"""

_WEIGHTS = (3, 7, 1, 3, 7, 1, 3, 7)
# Federal Reserve districts 01-12, thrifts 21-32, electronic 61-72, traveller's cheques 80. 00 is the US
# government's
# own and never a payee's bank; the check digit alone would let 000000000 pass.
_PREFIXES = frozenset([*range(1, 13), *range(21, 33), *range(61, 73), 80])


def check_digit(first_eight: str) -> int:
    """The ninth digit that belongs to eight digits."""
    return (10 - sum(w * int(d) for w, d in zip(_WEIGHTS, first_eight, strict=True)) % 10) % 10


def is_routing_number(text: str) -> bool:
    """Nine ASCII digits with a known prefix and the right check digit."""
    if len(text) != 9 or not (text.isascii() and text.isdigit()):
        return False
    return int(text[:2]) in _PREFIXES and check_digit(text[:8]) == int(text[8])
