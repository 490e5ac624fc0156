"""The base of every message and the shared field types. Messages are frozen and versioned; unknown fields are
ignored."""

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
"""Number of an epoch of a collector's counter: a random 63-bit number, new at every process start."""
DeviceName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,32}$")]
"""A device id is one topic level, and equals the device's MQTT user name and client id."""
_DEVICE_NAME = re.compile(r"[a-z0-9-]{1,32}")
PRINTABLE = r"^[^\x00-\x1f\x7f]*$"
"""Pattern of text without control characters: PostgreSQL cannot store NUL, and terminals interpret the others."""
UuidText = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]


def device_name_of(text: str) -> str | None:
    """Returns the device id for a device's own name (`ESP_01`, `AA:BB:CC:DD:EE:FF`, an EUI): lower case, with `-`
    instead of characters that are neither letters nor digits. None when the result is not a valid id."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return name if is_device_name(name) else None


def is_device_name(text: str) -> bool:
    """Whether a topic level is a valid `DeviceName`. A foreign broker may pass others."""
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
        raise ValueError("the version must be an integer")
    return value


class Message(BaseModel):
    """Base of every message. `v` is the version of its meaning. A reader rejects an unknown version and ignores unknown
    fields. JSON follows RFC 8259 and I-JSON (RFC 7493): duplicate members and the numbers NaN and Infinity make a
    message unreadable, because two readers may interpret them differently.

    is_exact: False accepts them, for messages of foreign devices.

    Non-finite floats are sent as the strings "NaN", "Infinity" and "-Infinity", so that the payload remains JSON. Only
    the refusal of a reading needs them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")
    content_type: ClassVar[str] = "application/json"
    is_exact: ClassVar[bool] = True

    v: Annotated[Literal[1], BeforeValidator(_exact)] = 1

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """Like pydantic's method, and strict about JSON if `is_exact`. Raises ValidationError, and RecursionError when
        the JSON is nested too deeply."""
        message = super().model_validate_json(json_data, **options)
        if cls.is_exact:
            try:
                json.loads(json_data, object_pairs_hook=_unique, parse_constant=_constant, parse_int=float)
            except ValueError as error:
                raise ValidationError.from_exception_data(
                    cls.__name__, [{"type": "value_error", "input": None, "ctx": {"error": error}}], "json"
                ) from None
        return message


def _unique(members: list[tuple[str, object]]) -> None:
    names = [name for name, _ in members]
    if len(set(names)) < len(names):
        duplicate = next(name for place, name in enumerate(names) if name in names[:place])
        raise ValueError(f"duplicate member {duplicate[:40]!r}")


def _constant(name: str) -> None:
    raise ValueError(f"{name} is not a number")
