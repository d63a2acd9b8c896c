"""The bank's own answers as JSON: acknowledgement of a file, list of received files. Read strictly."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

_FileName = Annotated[str, Field(min_length=1, max_length=200)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Count = Annotated[int, Field(ge=0)]


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, strict=False, hide_input_in_errors=True)


class RefusedEntry(_Answer):
    """An entry that the bank will not send. Nothing of it was paid."""

    trace: Annotated[str, Field(pattern=r"^[0-9]{15}$")]
    amount_cents: Annotated[int, Field(strict=True, gt=0)]
    reason: Annotated[str, Field(max_length=100)]


class Acknowledgement(_Answer):
    """What became of one file that the bank took."""

    type: Literal["acknowledgement"]
    file: _FileName
    sha256: _Sha256
    size: _Count
    received_at: datetime
    status: Literal["accepted", "refused"]
    reason: Annotated[str, Field(max_length=100)] | None = None
    line: int | None = None
    field: Annotated[str, Field(max_length=100)] | None = None
    entries: _Count
    credit_cents: Annotated[int, Field(strict=True, ge=0)]
    entry_hash: _Count
    refused_entries: tuple[RefusedEntry, ...] = ()


class ReceivedFile(_Answer):
    file: _FileName
    sha256: _Sha256
    size: _Count
    status: Literal["accepted", "refused"]


class ReceivedList(_Answer):
    """The files that the bank holds, as of an instant."""

    type: Literal["received"]
    as_of: datetime
    files: tuple[ReceivedFile, ...]


_ANSWER: TypeAdapter[Acknowledgement | ReceivedList] = TypeAdapter(
    Annotated[Acknowledgement | ReceivedList, Field(discriminator="type")]
)


def read_answer(content: bytes) -> Acknowledgement | ReceivedList:
    """Raises ValueError (pydantic's, without the input) where it is neither."""
    return _ANSWER.validate_json(content)
