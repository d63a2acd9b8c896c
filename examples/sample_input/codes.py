"""Procedure and diagnosis codes of the sample: HCPCS Level II shaped, with a base rate in cents."""

from __future__ import annotations

BASE_RATES = {
    "A0425": 850, "A4253": 3_120, "A4550": 1_450, "A6222": 990, "A9270": 2_200, "D0120": 4_400, "D0140": 6_150,
    "D0220": 2_150, "D1110": 7_900, "E0100": 2_890, "E0110": 7_315, "E0114": 4_990, "G0101": 3_845, "G0008": 2_625,
    "G0009": 2_625, "G0108": 5_570, "G0121": 38_050, "G0270": 3_333, "G0402": 16_845, "G0438": 17_210,
    "G0439": 13_365, "G0447": 2_590, "H0001": 14_200, "H0004": 2_845, "H0031": 12_075, "H2011": 4_460,
    "J0696": 515, "J1100": 85, "J1885": 240, "J3420": 305, "L0120": 2_375, "L1830": 8_420, "P3000": 1_485,
    "Q0091": 4_605, "S9083": 11_000, "S9088": 4_250, "T1015": 18_775, "T1016": 2_165, "V2020": 6_275, "V5010": 8_940,
}  # fmt: skip
"""Clean claims draw from these."""

ZERO_RATE_CODE = "G9001"
"""On every schedule at zero: approved and paid nothing."""
UNPRICED_CODE = "K0999"
"""On no schedule."""
AUTHORISED_CODE = "E0601"
"""Needs an authorisation under every contract."""
AUTHORISED_RATE = 11_480
MODIFIED_CODE, MODIFIER = "G0402", "26"
"""The schedules price this code lower with this modifier."""

DIAGNOSES = (
    "E119", "I10", "J069", "J209", "K219", "L309", "M545", "M25561", "N390", "R05", "R51", "R109", "Z0000", "Z23",
    "F329", "F411", "G4733", "H6690", "S93401A", "T7840XA",
)  # fmt: skip

OTHER_MODIFIERS = ("LT", "RT", "25", "59", "GP")
PLACES = ("11", "12", "22", "49")
