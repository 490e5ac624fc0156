"""What every message has in common: frozen, versioned, tolerant of unknown fields, bounded field types."""

import json
import re
from typing import Annotated, Any, ClassVar, Literal, NewType, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

DeviceId = NewType("DeviceId", str)
SeriesId = NewType("SeriesId", int)
Epoch = NewType("Epoch", int)
AccountId = NewType("AccountId", str)

Micros = Annotated[int, Field(ge=-(2**62), le=2**62, strict=True)]
"""Integer microseconds since 1970-01-01 UTC."""
MAX_SEQ = 2**62
Seq = Annotated[int, Field(ge=0, le=MAX_SEQ, strict=True)]
"""Sequence number of a reading within its epoch: 0, 1, 2, …"""
EpochNumber = Annotated[int, Field(ge=0, lt=2**63, strict=True)]
"""One life of a collector's counter: a random 63-bit number."""
DeviceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
"""A device id is one topic level, and equals the device's MQTT user name and client id."""
_DEVICE_NAME = re.compile(r"[a-z0-9-]{1,32}")
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
"""Text without control characters: PostgreSQL stores no NUL, and a terminal obeys the others."""
UuidText = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


def device_name_of(text: str) -> str | None:
    """The device id that stands for what a device calls itself (`ESP_01`, `AA:BB:CC:DD:EE:FF`, an EUI): lower case,
    with `-` for everything that is neither a letter nor a digit. None when nothing fit is left."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return name if is_device_name(name) else None


def is_device_name(text: str) -> bool:
    """Whether a topic's level is a `DeviceName`: brokers that are not ours may let others through."""
    return _DEVICE_NAME.fullmatch(text) is not None


def _ordered(pair: tuple[int, int]) -> tuple[int, int]:
    if pair[0] >= pair[1]:
        raise ValueError(f"range [{pair[0]}, {pair[1]}) is empty or backwards")
    return pair


SeqRange = Annotated[tuple[Seq, Seq], AfterValidator(_ordered)]
"""Half-open range [lo, hi) of sequence numbers."""

Lane = Literal["live", "backlog"]
ValueType = Literal["int", "float", "bool"]


def _exact(value: object) -> object:
    if type(value) is not int:
        raise ValueError("the version is a whole number")
    return value


class Message(BaseModel):
    """Base of every message. `v` is the version of its meaning: a reader refuses a version that it does not know,
    and ignores fields that it does not know. JSON is read as RFC 8259 and I-JSON (RFC 7493) have it: a member that is
    there twice, and NaN or Infinity as a number, make a message unreadable, for two readers may understand them
    differently. `is_exact`: False for what foreign devices send, who write such things.

    Non-finite floats travel as the strings "NaN", "Infinity", "-Infinity", so that the payload stays JSON; only the
    refusal of a reading ever needs them."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")
    content_type: ClassVar[str] = "application/json"
    is_exact: ClassVar[bool] = True

    v: Annotated[Literal[1], BeforeValidator(_exact)] = 1

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **given: Any) -> Self:
        """As pydantic's, and exact. Raises ValidationError, RecursionError (nested too deeply)."""
        found = super().model_validate_json(json_data, **given)
        if cls.is_exact:
            try:
                json.loads(json_data, object_pairs_hook=_unique, parse_constant=_constant, parse_int=float)
            except ValueError as error:
                raise ValidationError.from_exception_data(
                    cls.__name__, [{"type": "value_error", "input": None, "ctx": {"error": error}}], "json"
                ) from None
        return found


def _unique(members: list[tuple[str, object]]) -> None:
    names = [name for name, _ in members]
    if len(set(names)) < len(names):
        twice = next(name for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"the member {twice[:40]!r} is there twice")


def _constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")
