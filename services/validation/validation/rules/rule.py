"""A rule as catalogue files hold it."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from throughline.reasons import Reason, Severity

ADDED_LATER = ("programme", "payer", "near")
"""Not in the content of a rule that does not use them, so that the hash of older sets stays what decisions carry."""

_SCOPES = {"request": "claim"}
_LISTS = re.compile(r"\b(?:all|exists|exists_one|map|filter)\b")
_CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,59}$"


def _bounded(source: str) -> str:
    """Facts are plain values: no rule needs CEL's loops, and loops in loops end with nobody's patience."""
    if named := _LISTS.search(source):
        raise ValueError(f"goes through a list: {named[0]}")
    return source


Expression = Annotated[str, Field(max_length=1_000), AfterValidator(_bounded)]
"""CEL. A sum of tens of thousands of terms overflows the compiler's stack, and the process with it."""


class Rule(BaseModel):
    """One rule in one version. It holds where ``expression`` is true, or where ``when`` is false."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{2,60}$")]
    version: Annotated[int, Field(ge=1)]
    effective_from: date
    effective_to: date | None = None
    severity: Severity
    scope: Annotated[
        Literal["claim", "line", "payee"], BeforeValidator(lambda scope: _SCOPES.get(scope, scope))
    ]
    """What it judges: the whole request (``claim``, or ``request``), each line, or the payee, whatever was billed."""
    programme: Annotated[str, Field(pattern=_CODE)] | None = None
    """The only programme it applies to; None: all."""
    payer: Annotated[str, Field(pattern=_CODE)] | None = None
    """The only payer it applies to; None: all."""
    field: Annotated[str, Field(max_length=100)]
    """The field to look at; ``#`` stands for the line's position, from 0."""
    when: Expression = "true"
    expression: Expression
    reason: Reason
    message: Annotated[str, Field(max_length=400)]
    """A sentence, as ``fix``; ``{name}`` stands for what that fact says."""
    fix: Annotated[str, Field(max_length=400)]
    margin: Expression | None = None
    """CEL for how near a pass was: a number; at 0 nothing is left, below it the rule is broken. Only shown."""
    near: Annotated[int, Field(ge=0)] | None = None
    """A pass with a margin of at most this is a near miss: recorded on the decision as a note. Needs a margin."""
    carc: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,3}$")] | None = None
    """The claim adjustment reason code of a denial for this reason; 16 with remark MA130 where none is given."""
    passing: tuple[dict[str, bool | int | str], ...] = Field(min_length=1)
    failing: tuple[dict[str, bool | int | str], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _near_has_a_margin(self) -> Rule:
        if self.near is not None and self.margin is None:
            raise ValueError("near says how small a margin is a near miss: the rule names no margin")
        return self

    def source(self) -> str:
        """The whole rule as one CEL expression; an error in either part is an error of the rule."""
        when = self.applies_when()
        return self.expression if when == "true" else f"({when}) ? ({self.expression}) : true"

    def applies_when(self) -> str:
        """Its programme, its payer and ``when``, as one CEL expression."""
        selectors = [f'{name} == "{value}"' for name, value in self.selectors().items()]
        parts = [*selectors, *(() if self.when == "true" else (f"({self.when})",))]
        return self.when if not selectors else " && ".join(parts)

    def selectors(self) -> dict[str, str]:
        chosen = {"programme": self.programme, "payer": self.payer}
        return {name: value for name, value in chosen.items() if value is not None}

    def content(self) -> dict[str, Any]:
        """What the rule decides, without its examples, and without a margin by which nothing is recorded: the part that
        the rule-set hash covers."""
        unused = {name for name in ADDED_LATER if getattr(self, name) is None}
        shown_alone = () if self.near is not None else ("margin",)
        return self.model_dump(mode="json", exclude={"passing", "failing", *shown_alone, *unused})
