"""The shape every message shares: a frozen, strict record that names its own type and version.

A *command* asks (``SubmitRequest``), an *event* states (``PaymentSettled``). Numbers are never coerced: a float, a
string or a boolean where cents belong is a breach, not a rounding. Unknown fields pass between our own services, so
that a message may grow; intake refuses them with ``model_validate_json(..., extra="forbid")``.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Record(BaseModel):
    """A part of a message. Errors never repeat the input, because the input may name a person or an account."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", hide_input_in_errors=True)


class Message(Record):
    """Something that can stand alone on a topic. The registry maps (type, version) to its class."""

    VERSION: ClassVar[int] = 1
    OF_THE_MOMENT: ClassVar[frozenset[str]] = frozenset()
    """Fields that tell when it was said. Where a restored service makes the event again they may differ; what was
    said first stands."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        if cls.__module__ == __name__:
            return  # Command and Event themselves are not messages
        key = (cls.__name__, cls.VERSION)
        if REGISTRY.setdefault(key, cls) is not cls and REGISTRY[key].__qualname__ != cls.__qualname__:
            raise TypeError(f"two messages are called {key}")

    @classmethod
    def type_name(cls) -> str:
        """The CloudEvents type, e.g. ``throughline.PaymentSettled``."""
        return f"{TYPE_PREFIX}{cls.__name__}"

    @classmethod
    def dataschema(cls) -> str:
        """The CloudEvents dataschema, e.g. ``urn:throughline:schema:PaymentSettled:1``."""
        return f"{SCHEMA_PREFIX}{cls.__name__}:{cls.VERSION}"


TYPE_PREFIX = "throughline."
SCHEMA_PREFIX = "urn:throughline:schema:"
REGISTRY: dict[tuple[str, int], type[Message]] = {}


class Command(Message):
    """Asks for something. Answered by the event that states it, or by ``CommandRefused``."""


class Event(Message):
    """States what happened. Nothing can refuse it."""


def version_of(dataschema: str) -> int | None:
    """The version named by a dataschema header; None where it is not one of ours."""
    head, _, version = dataschema.rpartition(":")
    return int(version) if head.startswith(SCHEMA_PREFIX[:-1]) and version.isdecimal() else None


def field_problems(error: ValidationError) -> list[tuple[str, str, str]]:
    """Each breach as (field path, kind, sentence), without the value that broke it."""
    details = error.errors(include_input=False, include_url=False, include_context=False)
    return [(".".join(str(step) for step in one["loc"]), one["type"], one["msg"]) for one in details]


# Text that people and partners type. Control characters are refused everywhere: no format we write can carry them.
_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
Text = Annotated[str, Field(min_length=1, max_length=120, pattern=_PRINTABLE)]
Note = Annotated[str, Field(min_length=1, max_length=1000)]

Code = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def is_blank(note: str) -> bool:
    """Whether it shows nothing to who reads it. What the schema cannot say in every language, the decider refuses.

    >>> is_blank("  "), is_blank("Ok.")
    (True, False)
    """
    return not any(one.isprintable() and not one.isspace() for one in note)
