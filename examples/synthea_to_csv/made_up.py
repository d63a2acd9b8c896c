"""What Synthea lacks, made up from the seed: each thing once, the same for the same seed."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from random import Random

from sample_input import numbers

_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass
class MadeUp:
    random: Random
    npis: dict[str, str] = field(default_factory=dict)
    tins: dict[str, str] = field(default_factory=dict)
    procedures: dict[str, str] = field(default_factory=dict)
    diagnoses: dict[str, str] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)

    def npi(self, who: str) -> str:
        if who not in self.npis:
            made = numbers.npi(self.random)
            while made in self.npis.values():
                made = numbers.npi(self.random)
            self.npis[who] = made
        return self.npis[who]

    def tin(self, who: str) -> str:
        return self.tins.setdefault(who, numbers.tin(self.random))

    def procedure(self, snomed: str) -> str:
        """A HCPCS-shaped code (a letter and four digits) for a SNOMED code."""
        if snomed not in self.procedures:
            number = len(self.procedures)
            self.procedures[snomed] = f"{_LETTERS[number % 20]}{1000 + number * 7:04d}"
        return self.procedures[snomed]

    def diagnosis(self, snomed: str) -> str:
        """An ICD-10-shaped code for a SNOMED code."""
        if snomed not in self.diagnoses:
            number = len(self.diagnoses)
            self.diagnoses[snomed] = f"{_LETTERS[number % 20]}{10 + number % 90}{number // 90}"
        return self.diagnoses[snomed]

    def member(self, patient: str) -> str:
        return self.members.setdefault(patient, f"SY{len(self.members) + 1:06d}")


def plain(text: str) -> str:
    """Without accents, digits and what a name does not hold: ``Víctor493`` becomes ``Victor``."""
    ascii_text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"\s+", " ", re.sub(r"[^A-Za-z '&.-]", "", ascii_text)).strip() or "Unnamed"


def short_name(text: str, longest: int = 22) -> str:
    """As a bank file carries a name: whole words where they fit, of 22 plain characters for a payee, 16 for a payer."""
    kept = ""
    for word in re.sub(r"[^A-Za-z ]", "", plain(text)).upper().split():
        longer = f"{kept} {word}".strip()
        if len(longer) > longest:
            break
        kept = longer
    return kept or plain(text).upper()[:longest]


def code_of(name: str) -> str:
    """A payer's code from its name: ``Blue Cross Blue Shield`` becomes ``BLUE-CROSS-BLUE-SHIELD``."""
    return re.sub(r"[^A-Z0-9]+", "-", name.upper()).strip("-")
