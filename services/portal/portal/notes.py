"""What a person says beside what they do: it says something."""

from __future__ import annotations

from typing import Annotated

from fastapi import Form
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from throughline.message import is_blank

BLANK = "note_blank"
"""The kind of the error: unlike others of a form, one that a person makes."""


def _says_something(text: str) -> str:
    """Raises PydanticCustomError where nobody could read anything in it."""
    if is_blank(text):
        raise PydanticCustomError(BLANK, "a note says something")
    return text


Note = Annotated[str, Form(min_length=1, max_length=1000), AfterValidator(_says_something)]
LongNote = Annotated[str, Form(min_length=1, max_length=2000), AfterValidator(_says_something)]
ShortNote = Annotated[str, Form(min_length=1, max_length=500), AfterValidator(_says_something)]
