"""Valid messages, and mutants of their bytes and of their structure from a seeded generator."""

import copy
import json
import math
import random
from collections.abc import Callable, Sequence
from typing import Any, Final

from pulse_contracts.series_digest import series_digest
from pulse_contracts.telemetry import SeriesDeclaration

LARGEST: Final = 400_000
"""Maximum bytes of a mutant. The broker accepts a million, but one such message costs as much as a thousand."""
_NUMBERS: Final[Sequence[int | float]] = (
    0, 1, -1, 2, 255, 256, 2**31 - 1, 2**31, -(2**31), 2**53, 2**53 + 1, 2**62 - 1, 2**62, 2**62 + 1, 2**63 - 1, 2**63,
    2**64, -(2**62), -(2**63), -(2**63) - 1, 10**30, 10**400, 0.5, -0.0, 1e308, -1e308, 5e-324, 1e16, 1e17, 9e18,
    math.nan, math.inf, -math.inf,
)  # fmt: skip
_WITHIN: Final = tuple(n for n in _NUMBERS if isinstance(n, int) and 0 <= n <= 2**62)
_SMALL: Final = (0, 1, 2)
_TEXTS: Final = (
    "", "0", "NaN", "Infinity", "1e308", "alpha", "beta", "live", "backlog", "int", "float", "bool", "a\nb", "\x00",
    "\x7f", "\u202e", "\ud800", "é", "e\u0301", "💥", "../..", "'; --", "%s%n", "a/b", "+", "#", "$share", "true",
    "x" * 129,
)  # fmt: skip
_OTHERS: Final[Sequence[object]] = (None, True, False, [], {}, [[]], {"a": {"b": []}}, [None], [1, "a", {}])
_FIRST_LIFE, _LIVES = 1_000, 12
"""Nobody declares the last of them, unless a mutant does."""
_Slot = tuple[Any, Any]


class Mutator:
    """Generates mutants. The same `rng` gives the same mutants."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._last = b"{}"

    def payload(self, sample: object) -> bytes:
        """Returns one message made from a valid one. Sometimes it is the valid one."""
        style = self._rng.choices(
            (self._same, self._bounds, self._structure, self._bytes, self._join), (2, 14, 5, 3, 1)
        )
        made = style[0](copy.deepcopy(sample))[:LARGEST]
        self._last = made[:2_000]
        return made

    def text(self, sample: object) -> str:
        """Like `payload`, as text."""
        return self.payload(sample).decode(errors="replace")

    def _same(self, sample: object) -> bytes:
        return self._written(sample)

    def _bounds(self, sample: object) -> bytes:
        """Other values of the same type. They are most likely to pass the schema and reach the code behind it."""
        slots = [(holder, key) for holder, key in _leaves(sample) if key != "v"]
        named = [(holder, key) for holder, key in slots if isinstance(key, str)]
        if named and self._rng.random() < 0.5:  # the many values of a column must not outweigh the other fields
            slots = named
        for holder, key in self._rng.sample(slots, min(len(slots), self._rng.randint(1, 2))):
            original = holder[key]
            if isinstance(original, bool):
                holder[key] = not original
            elif isinstance(original, int | float):
                holder[key] = self._rng.choice(self._rng.choices((_SMALL, _WITHIN, _NUMBERS), (3, 4, 3))[0])
            elif isinstance(original, str):
                holder[key] = self._rng.choice(_TEXTS)
        return self._written(sample)

    def _structure(self, sample: object) -> bytes:
        whole = {"": sample}
        doubled: tuple[str, object] | None = None
        for _ in range(self._rng.randint(1, 4)):
            slots = _slots(whole)
            if not slots:
                break
            holder, key = self._rng.choice(slots)
            match self._rng.randrange(8):
                case 0 if holder is not whole:
                    del holder[key]
                case 1 | 2:
                    holder[key] = self._anything()
                case 3:
                    holder[key] = self._larger(holder[key])
                case 4:
                    holder[key] = self._nested(holder[key])
                case 5 if isinstance(holder, list):
                    holder.insert(self._rng.randint(0, len(holder)), holder[key])
                case 6 if isinstance(holder, dict) and holder is not whole:
                    holder[self._rng.choice(_TEXTS) or "v"] = holder.pop(key)
                case 7 if isinstance(holder, dict):
                    doubled = str(key), self._anything()
                case _:
                    holder[key] = self._anything()
        made = self._written(whole[""])
        if doubled is not None and made[:1] == b"{" and len(made) > 2:
            made = b"{" + json.dumps(doubled[0]).encode() + b":" + self._written(doubled[1]) + b"," + made[1:]
        return made

    def _bytes(self, sample: object) -> bytes:
        made = bytearray(self._written(sample))
        for _ in range(self._rng.randint(1, 6)):
            at = self._rng.randrange(len(made) + 1)
            end = min(len(made), at + self._rng.choice((1, 1, 2, 8, 64)))
            match self._rng.randrange(7):
                case 0:
                    made[at:end] = b""
                case 1:
                    made[at:at] = self._rng.randbytes(self._rng.randint(1, 8))
                case 2:
                    made[at:end] = self._rng.randbytes(end - at)
                case 3:
                    made[at:at] = made[at:end]
                case 4:
                    del made[at:]
                case 5:
                    made[at:at] = self._rng.choice((b"\xef\xbb\xbf", b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\\u0000"))
                case _:
                    made[at:at] = self._rng.choice((b"[", b"{", b'"', b",", b"]", b"}", b":", b"-", b"e", b"9" * 40))
        if self._rng.random() < 0.03:
            return bytes(made).decode(errors="replace").encode("utf-16")
        return bytes(made)

    def _join(self, sample: object) -> bytes:
        return self._rng.choice((b"", b"\n", b",", b"\x00")).join((self._written(sample), self._last))

    def _written(self, value: object) -> bytes:
        try:
            text = json.dumps(value, ensure_ascii=self._rng.random() < 0.5)
        except RecursionError:
            text = '{"values":' * 10_000
        return text.encode(errors="surrogatepass")

    def _anything(self) -> object:
        pool = self._rng.choice((_NUMBERS, _TEXTS, _OTHERS))
        return copy.deepcopy(self._rng.choice(pool))

    def _larger(self, value: object) -> object:
        times = self._rng.choice((2, 10, 1_001, 10_000)) if self._rng.random() < 0.2 else 3
        if isinstance(value, str | list) and len(value) * times < LARGEST // 8:
            return value * times
        if isinstance(value, dict):
            return value | {f"k{i}": i for i in range(min(times, 2_000))}
        return value

    def _nested(self, value: object) -> object:
        for _ in range(self._rng.choice((1, 2, 50, 300))):
            value = [value] if self._rng.random() < 0.7 else {"a": value}
        return value


def _slots(value: object) -> list[_Slot]:
    """Returns every position in a structure as container and key."""
    found: list[_Slot] = []
    left: list[Any] = [value]
    while left:
        holder = left.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in list(keys)[:50]:
            found.append((holder, key))
            left.append(holder[key])
    return found


def _leaves(value: object) -> list[_Slot]:
    return [(holder, key) for holder, key in _slots(value) if not isinstance(holder[key], dict | list)]


class Samples:
    """Valid messages for every uplink topic, with a few epochs and overlapping ranges."""

    def __init__(self, rng: random.Random, clock: Callable[[], int]) -> None:
        self._rng, self._clock = rng, clock
        self._first = _FIRST_LIFE
        self.uplinks: dict[str, Callable[[], dict[str, object]]] = {
            "telemetry/data": self.data,
            "telemetry/plain": self.plain,
            "telemetry/series": self.series,
            "telemetry/hello": self.hello,
            "telemetry/drop": self.drop,
            "system/status/collector": self.status,
        }

    def turn(self) -> list[dict[str, object]]:
        """Switches to new epochs, because a mutant may settle all of an epoch. Returns their declarations."""
        self._first += _LIVES
        return [self.series() | {"catalog": self._first + i} for i in range(_LIVES - 1)]

    def data(self) -> dict[str, object]:
        rng, n = self._rng, self._rng.randint(1, 12)
        kinds = [rng.randrange(3) for _ in range(n)]
        values = [rng.choice(((rng.gauss(20, 5)), rng.randint(-(2**40), 2**40), rng.random() < 0.5)) for _ in kinds]
        if rng.random() < 0.7:
            values = [(rng.gauss(20, 5), rng.randint(-(2**40), 2**40), rng.random() < 0.5)[kind] for kind in kinds]
        epoch = self._draw_epoch()
        return {
            "v": 1, "epoch": epoch, "ord": rng.randrange(5), "catalog": epoch, "lo": rng.randrange(100_000),
            "lane": rng.choice(("live", "backlog")), "sent": self._clock(), "series": [1, 2, 3],
            "t0": self._clock(), "dt": [i * 1_000 for i in range(n)], "x": kinds, "value": values,
        }  # fmt: skip

    def plain(self) -> dict[str, object]:
        values: dict[str, object] = {
            f"p{self._rng.randrange(150)}": self._rng.choice((self._rng.gauss(0, 9), True, self._rng.randrange(10**6)))
            for _ in range(self._rng.randint(1, 6))
        }
        return values if self._rng.random() < 0.5 else {"ts": self._clock() // 1_000, "values": values}

    def series(self) -> dict[str, object]:
        kinds = ("float", "int", "bool")
        series = [
            {"id": i + 1, "name": f"s.{i}", "display_name": "S", "type": kinds[i], "unit": "°C"} for i in range(3)
        ]
        digest = series_digest(SeriesDeclaration.model_validate(one) for one in series)
        return {"v": 1, "catalog": self._draw_epoch(), "digest": digest, "part": 0, "parts": 1, "series": series}

    def hello(self) -> dict[str, object]:
        epochs = [self._draw_epoch() for _ in range(self._rng.randint(0, 3))]
        pending = [{"epoch": epoch, "lo": 0, "hi": self._rng.randrange(1, 10**5), "n": 1} for epoch in epochs]
        session = f"f{self._rng.randrange(10**9)}"
        return {
            "v": 1, "epoch": self._draw_epoch(), "ord": 1, "next": 9, "pending": pending, "session": session,
            "series": "0" * 64,
        }  # fmt: skip

    def drop(self) -> dict[str, object]:
        starts = [self._rng.randrange(100_000) for _ in range(self._rng.randint(1, 4))]
        ranges = [[lo, lo + self._rng.randint(1, 50)] for lo in starts]
        reason = self._rng.choice(("overflow", "expired", "thinned", "unreadable"))
        return {
            "v": 1,
            "epoch": self._draw_epoch(),
            "ord": 1,
            "ranges": ranges,
            "reason": reason,
            "first": 0,
            "last": 9,
        }

    def status(self) -> dict[str, object]:
        return {
            "v": 1, "state": self._rng.choice(("online", "offline")), "since": self._clock(), "version": "1",
            "name": "Alpha", "waiting": 5, "oldest_waiting": self._clock(), "buffer_fill": 0.5, "full_in": 60,
        }  # fmt: skip

    def _draw_epoch(self) -> int:
        return self._first + self._rng.randrange(_LIVES)
