"""Decides which values of a plain message are stored, with which type and time, and which are skipped or refused.

Rules, in the order in which they apply (docs/guides/plain-devices.md has an example of each):
    An array of objects is a list of samples. `{"values": {...}}` is opened; the keys beside it count too.
    A key in `time_keys` is the time of its object and of everything inside.
    Nested keys become `a.b`, elements of an array `a.0`. Names are cleaned in the same way each time.
    Numbers are floats, true and false are booleans. Text that is clearly a number or a switch is converted.
    Null and other text are skipped and counted. Everything else is refused by name.
"""

import hashlib
import math
import re
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Final

from pulse_contracts.message import ValueType
from pulse_contracts.telemetry import MAX_PLAIN_VALUES
from pulse_telemetry_gateway.model.plain.documents import Document, storable
from pulse_telemetry_gateway.model.plain.times import micros_of

TIME_KEYS: Final = ("ts", "time", "timestamp", "datetime", "date_time", "_time")
"""Default names of the time, compared without regard to case."""
NAME_MAX: Final = 128
_PATH_MAX: Final = 512
"""Characters of a nested name before it is cleaned."""
_VISITS_MAX: Final = 5_000
"""Values, objects and arrays of one message."""
_DEPTH_MAX: Final = 8
_EXACT: Final = 2**53
_UNFIT: Final = re.compile(r"[^\w.:/\-]+")
_NUMBER: Final = re.compile(r"[+-]?(0|[1-9][0-9]{0,14})(?:([.,])([0-9]{1,15}))?(?:[eE][+-]?[0-9]{1,3})?")
_SWITCH: Final = {
    "on": True, "off": False, "true": True, "false": False, "open": True, "closed": False, "close": False,
    "yes": True, "no": False, "online": True, "offline": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlainRules:
    """How the messages of one device are read. takes_text: convert text that is clearly a number or a switch.
    time_keys: in lower case. zone: for times without a zone. left_out: names that are skipped on purpose."""

    takes_text: bool = True
    time_keys: frozenset[str] = frozenset(TIME_KEYS)
    zone: tzinfo = UTC
    left_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PlainValue:
    """One value: name of the series, the name as the device wrote it (`display_name`), type, 64-bit word, and time in
    microseconds."""

    name: str
    display_name: str
    type: ValueType
    word: int
    t: int


@dataclass(slots=True)
class Normalized:
    """values: can be stored. skipped: an example by name (null, and text that is not a value). refused: a code by name,
    one of `bad_name`, `name_taken`, `name_too_long`, `duplicate_name`, `time_not_understood`, `implausible_time`,
    `out_of_range`, `not_finite`, `too_deep`, `too_many_values`, `no_values`."""

    values: list[PlainValue] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


def normalize(document: Document, received: int, span: int, rules: PlainRules | None = None) -> Normalized:
    """Sorts the content of a message into values, skipped and refused names. `received` is the time of readings without
    one. A time further than `span` microseconds from it is refused."""
    return _Reading(received, span, rules or PlainRules()).read(document)


def cleaned_name(raw: str) -> str:
    """The series name for the name that a device uses. Empty when nothing is left.

    Letters and digits of any script and `_ . : / -` stay. Any run of other characters becomes one `_`. A name of more
    than 128 characters is cut and ends in a hash of the original.
    """
    name = _UNFIT.sub("_", unicodedata.normalize("NFC", raw).strip())
    name = re.sub(r"/{2,}", "/", name).strip("/")
    if not name.strip("_"):
        return ""
    if len(name) > NAME_MAX:
        return f"{name[: NAME_MAX - 9]}~{hashlib.sha256(raw.encode(errors='replace')).hexdigest()[:8]}"
    return name


class _Reading:
    """One message while the rules are applied."""

    def __init__(self, received: int, span: int, rules: PlainRules) -> None:
        self._received, self._span, self._rules = received, span, rules
        self._found = Normalized()
        self._names: dict[tuple[str, int], str] = {}
        self._visits = 0

    def read(self, document: Document) -> Normalized:
        self._found.refused.update((name, "duplicate_name") for name in document.duplicates)
        content = document.content
        try:
            if isinstance(content, list):
                for position, sample in enumerate(content):
                    self._sample(sample, "" if isinstance(sample, dict) else str(position))
            else:
                self._sample(content, "" if isinstance(content, dict) else "value")
        except _TooMany:
            return Normalized(refused={"message": "too_many_values"})
        if not (self._found.values or self._found.skipped or self._found.refused):
            self._found.refused["message"] = "no_values"
        return self._found

    def _sample(self, sample: object, path: str) -> None:
        if not isinstance(sample, dict):
            self._any(sample, path, self._received, 0)
            return
        inner = sample.get("values")
        if not isinstance(inner, dict):
            self._object(sample, path, self._received, 0)
            return
        beside = {name: value for name, value in sample.items() if name != "values"}
        if type(beside.get("v")) is int and beside["v"] == 1:
            del beside["v"]  # the version of this form
        t = self._object(beside, path, self._received, 0)
        self._object(inner, path, t, 1)

    def _object(self, members: dict[str, object], path: str, t: int, depth: int) -> int:
        """Reads all members and returns the time of the object. Does not change `members`: a message may be read
        again."""
        times = [name for name in members if name.lower() in self._rules.time_keys]
        found: int | None = None
        used: set[str] = set()
        for key in times:
            understood = micros_of(members[key], self._rules.zone)
            if understood is None and depth > 0:
                continue  # an ordinary value
            used.add(key)
            if understood is not None and found is None:
                found = understood
            elif understood is None and members[key] is not None:
                self._refuse(_joined(path, key), "time_not_understood")
            else:
                self._skip(_joined(path, key), members[key])
        t = t if found is None else found
        for key, value in members.items():
            if key not in used:
                self._any(value, _joined(path, key), t, depth + 1)
        return t

    def _any(self, value: object, path: str, t: int, depth: int) -> None:
        self._visits += 1
        if self._visits > _VISITS_MAX:
            raise _TooMany
        if path in self._rules.left_out:
            return
        if len(path) > _PATH_MAX:
            self._refuse(path[:_PATH_MAX], "name_too_long")
        elif isinstance(value, dict | list) and depth > _DEPTH_MAX:
            self._refuse(path, "too_deep")
        elif isinstance(value, dict):
            self._object(value, path, t, max(depth, 1))
        elif isinstance(value, list):
            is_timed = bool(value) and all(self._is_timed(one) for one in value)
            for position, one in enumerate(value):
                self._any(one, path if is_timed else _joined(path, str(position)), t, depth + 1)
        else:
            self._value(path, value, t)

    def _is_timed(self, value: object) -> bool:
        return isinstance(value, dict) and any(
            name.lower() in self._rules.time_keys and micros_of(one, self._rules.zone) is not None
            for name, one in value.items()
        )

    def _value(self, path: str, content: object, t: int) -> None:
        value = self._converted(content)
        if value is None:
            self._skip(path, content)
            return
        name = cleaned_name(path)
        code = self._refusal(name, path, value, t)
        if code:
            self._refuse(path, code)
            return
        self._names[name, t] = path
        kind, word = _bits(value)
        self._found.values.append(PlainValue(name, path[:NAME_MAX], kind, word, t))
        if len(self._found.values) > MAX_PLAIN_VALUES:
            raise _TooMany

    def _skip(self, path: str, content: object) -> None:
        self._found.skipped[path[:NAME_MAX]] = "null" if content is None else storable(str(content)[:80])

    def _refuse(self, path: str, code: str) -> None:
        self._found.refused[path] = code

    def _converted(self, content: object) -> bool | int | float | None:
        """The value, or None when the content is not a value."""
        if isinstance(content, bool | int | float):
            return content
        if isinstance(content, str) and self._rules.takes_text and len(content) <= 40:
            text = content.strip()
            if text.lower() in _SWITCH:
                return _SWITCH[text.lower()]
            found = _NUMBER.fullmatch(text)
            # "1,234" may mean either; "0,234" cannot be thousands
            if found and not (found[2] == "," and len(found[3]) == 3 and found[1] != "0"):
                return float(text.replace(",", "."))
        return None

    def _refusal(self, name: str, path: str, value: float, t: int) -> str | None:
        if not name:
            return "bad_name"
        if self._names.get((name, t), path) != path:
            return "name_taken"
        if (name, t) in self._names:
            return "duplicate_name"
        if abs(t - self._received) > self._span:
            return "implausible_time"
        if isinstance(value, int) and abs(value) > _EXACT:
            return "out_of_range"
        return None if math.isfinite(value) else "not_finite"


class _TooMany(Exception):
    """The message has more parts than are read."""


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _bits(value: bool | float) -> tuple[ValueType, int]:  # noqa: FBT001  # a value of either type
    if isinstance(value, bool):
        return "bool", int(value)
    return "float", struct.unpack("<q", struct.pack("<d", value))[0]


def refusals(found: dict[str, str], most: int = 8) -> Iterator[str]:
    """The refused names with their codes as text, in a stable order."""
    for name, code in sorted(found.items())[:most]:
        yield f"{name[:40]!r}: {code}"
    if len(found) > most:
        yield "…"
