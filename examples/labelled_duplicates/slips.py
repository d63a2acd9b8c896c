"""Slips of the finger, as typists make them. Nothing here knows what anybody forgives."""

from __future__ import annotations

from random import Random

_NEAR = {
    "0": "9",
    "1": "2",
    "2": "13",
    "3": "24",
    "4": "35",
    "5": "46",
    "6": "57",
    "7": "68",
    "8": "79",
    "9": "80",
}


def mistyped(random: Random, text: str) -> str:
    """One wrong key, one left out, one pressed twice, or two in the wrong order; one time in seven a second slip."""
    times = 2 if random.random() < 1 / 7 else 1
    typed = text
    while typed == text:
        for _ in range(times):
            typed = _slip(random, typed)
    return typed


def _slip(random: Random, text: str) -> str:
    at = random.randrange(len(text))
    match random.choice(("other", "other", "left out", "twice", "order")):
        case "other":
            return text[:at] + _beside(random, text[at]) + text[at + 1 :]
        case "left out" if len(text) > 3:
            return text[:at] + text[at + 1 :]
        case "twice":
            return text[:at] + text[at] + text[at:]
        case _:
            return exchanged(random, text)


def exchanged(random: Random, text: str) -> str:
    """Two characters change places: neighbours three times in four."""
    for _ in range(20):
        at = random.randrange(len(text) - 1)
        other = at + 1 if random.random() < 0.75 else random.randrange(len(text))
        if text[at] != text[other]:
            typed = list(text)
            typed[at], typed[other] = typed[other], typed[at]
            return "".join(typed)
    return text + text[-1]


def _beside(random: Random, one: str) -> str:
    if one.isdigit():
        return random.choice(_NEAR[one])
    letter = random.choice("abcdefghijklmnopqrstuvwxyz".replace(one.lower(), ""))
    return letter.upper() if one.isupper() else letter
