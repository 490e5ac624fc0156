"""HTTP requests and Socket.IO events: valid ones, and mutants of them."""

import json
import random
from collections.abc import Callable
from urllib.parse import quote, quote_from_bytes

from tests.fuzz.mutation import Mutator

_NUMBERS = (
    "", "0", "1", "-1", "3", "99", "2147483647", "2147483648", "9007199254740992", "9007199254740993",
    "4611686018427387904", "9223372036854775807", "9223372036854775808", "1e308", "NaN", "inf",
    "٣", "0x10", "1_000", " 1",
    "1.5", "1" * 5_000, "true", "null", "1,2,3", ",", "1,1", "1;2", "\x00", "é", "💥", "-9007199254740992", "../..",
)  # fmt: skip
_CURSORS = ("AAAA", "A" * 43, "=" * 8, "é", "-_" * 20, "A" * 64)


class Questions:
    """`clock` returns microseconds."""

    def __init__(self, rng: random.Random, mutator: Mutator, clock: Callable[[], int]) -> None:
        self._rng, self._mutator, self._clock = rng, mutator, clock

    def path(self) -> str:
        """Returns path and query of one HTTP request."""
        rng = self._rng
        now = self._clock()
        start = now - rng.choice((10**6, 10**8, 10**10, 10**13, 10**15))
        span = {"from": str(start), "to": str(now)}
        path, parameters = rng.choice(
            (
                ("series/{}/readings", span | {"points": "100"}),
                ("series/{}/readings", span | {"raw": "true", "limit": "10", "cursor": rng.choice(_CURSORS)}),
                ("readings", span | {"series": "1,2,3", "points": "20"}),
                ("export", span | {"series": "1,2", "format": rng.choice(("csv", "parquet"))}),
                ("export", span | {"series": "1", "format": "csv", "after": "1,0,0,0"}),
                ("devices", {}),
                ("devices/alpha/ledger", {}),
                ("devices/{}/ledger", {}),
                ("series", {"device": "alpha"}),
                ("quarantine", {"limit": "3", "cursor": "100"}),
                ("quarantine/{}", {}),
            )
        )
        place = "1" if rng.random() < 0.6 else quote(rng.choice(_NUMBERS)[:2_000], safe="")
        pairs = list(parameters.items())
        for _ in range(rng.randint(0, 3)):
            if not pairs:
                break
            at = rng.randrange(len(pairs))
            name = pairs[at][0]
            match rng.randrange(6):
                case 0:
                    del pairs[at]
                case 1:
                    pairs.insert(at, (name, rng.choice(_NUMBERS)))
                case 2:
                    pairs[at] = rng.choice(_NUMBERS)[:20], pairs[at][1]
                case 3:
                    pairs[at] = name, ",".join(pairs[at][1] for _ in range(rng.choice((2, 60, 1_100))))
                case _:
                    pairs[at] = name, rng.choice(_NUMBERS)
        query = "&".join(f"{quote(name)}={quote(value[:10_000])}" for name, value in pairs)
        if rng.random() < 0.1:
            query += "&" + quote_from_bytes(rng.randbytes(12))
        if rng.random() < 0.05:
            query += rng.choice(("&%", "&%zz=1", "&=", "&&&", "&a[]=1", "&from=%00"))
        return f"/api/telemetry/{path.format(place)}?{query}"

    def event(self, number: int) -> tuple[str, bool]:
        """Returns a Socket.IO packet, and the number of the answer that it requires, if any."""
        rng = self._rng
        name, sample = rng.choice(
            (
                ("subscribe", {"series": [1, 2, 3], "rate": 5, "pos": {"alpha": rng.randrange(100)}}),
                ("subscribe", {"series": [rng.randrange(50)], "rate": 20}),
                ("authenticate", {"token": "a.b.c"}),
                ("probe", {}),
            )
        )
        if rng.random() < 0.7:
            content = self._mutator.text(sample)[:15_000]
            try:
                json.loads(content)
            except (ValueError, RecursionError):
                return f'42/live,{number}["{name}",{content}]', False
            return f'42/live,{number}["{name}",{content}]', True
        whole = self._mutator.payload([name, sample]).decode(errors="replace")[:15_000]
        head = rng.choice(
            ("42/live,", "42/live,7", "43/live,", "42/live,", "42/live,8", "40/live,", "42", "45", "4", "451-/live,")
        )
        return head + whole, False
