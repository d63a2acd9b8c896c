"""Values that name a person or an account. They refuse to print, log or trace."""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Sensitive:
    """A string that shows itself only to who calls :meth:`reveal`.

    ``str``, ``repr``, ``format``, ``%s`` and pickling give no part of it away. JSON of a message carries it, because
    the topic is where it belongs; nothing else may.
    """

    __slots__ = ("_value",)
    MIN_LENGTH = 1
    MAX_LENGTH = 80
    PATTERN: str | None = r"^[^\x00-\x1f\x7f]+$"

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself. Each call site is a place to look at in a privacy review."""
        return self._value

    def __repr__(self) -> str:
        return "<sensitive>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "<sensitive>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sensitive) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> Any:
        raise TypeError("a sensitive value is not pickled")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        text = core_schema.str_schema(
            strict=True, min_length=cls.MIN_LENGTH, max_length=cls.MAX_LENGTH, pattern=cls.PATTERN
        )
        made = core_schema.no_info_after_validator_function(cls, text)
        return core_schema.json_or_python_schema(
            json_schema=made,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), made]),
            serialization=core_schema.plain_serializer_function_ser_schema(
                _revealed, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: Any) -> dict[str, Any]:
        described: dict[str, Any] = handler(
            core_schema.str_schema(min_length=cls.MIN_LENGTH, max_length=cls.MAX_LENGTH, pattern=cls.PATTERN)
        )
        described["x-sensitive"] = True
        return described


class SensitiveText(Sensitive):
    """What a person wrote, in lines: it may name anybody."""

    __slots__ = ()
    MAX_LENGTH = 2000
    PATTERN = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+$"


class SensitiveTin(Sensitive):
    """A taxpayer identification number: nine digits. An individual's is a Social Security number."""

    __slots__ = ()
    MIN_LENGTH = MAX_LENGTH = 9
    PATTERN = r"^[0-9]{9}$"


class SensitiveDate(Sensitive):
    """A date that tells of a person (birth), as YYYY-MM-DD."""

    __slots__ = ()
    MIN_LENGTH = MAX_LENGTH = 10
    PATTERN = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def _revealed(value: Sensitive) -> str:
    return value.reveal()
