"""What went wrong, for a person at a terminal: one sentence, and what to do."""

from __future__ import annotations


class Problem(Exception):
    """Shown without a traceback; the command ends with 1."""

    def __init__(self, sentence: str, fix: str = "") -> None:
        super().__init__(sentence)
        self.fix = fix
