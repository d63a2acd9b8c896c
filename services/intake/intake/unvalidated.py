"""Messages made of parts that were validated already: validating them again is what a profile showed first."""

from __future__ import annotations

from typing import TypeVar

from throughline.message import Record

R = TypeVar("R", bound=Record)


def made(cls: type[R], **fields: object) -> R:
    """As pydantic's ``model_construct``, at a third of its cost: every field must be given, in the contract's order."""
    record = cls.__new__(cls)
    object.__setattr__(record, "__dict__", fields)
    object.__setattr__(record, "__pydantic_fields_set__", set(fields))
    object.__setattr__(record, "__pydantic_extra__", None)
    object.__setattr__(record, "__pydantic_private__", None)
    return record
