"""What every part of a pack is: it refuses a name that it does not know. And the types that parts share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Title = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{1,59}$")]
Expression = Annotated[str, Field(min_length=1, max_length=2000)]
"""CEL over flat facts (``facts.py``)."""
Sentence = Annotated[str, Field(min_length=1, max_length=400)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Known = bool | int | str


class Part(BaseModel):
    """A part of a pack."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class Fact(Part):
    """A name for what an expression says, in the order of the file."""

    id: Name
    expression: Expression
