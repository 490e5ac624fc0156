"""Every identity against every topic, as the documentation prints it and a test tries it at a real broker."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal

from pulse_contracts.access import SERVICES, Grant, grants
from pulse_contracts.message import Message
from pulse_contracts.topics import CATALOGUE, ROOT, Party, Topic

DEVICE, OTHER_DEVICE, PLAIN_DEVICE = "press-4", "press-5", "ESP_01"
IDENTITIES: Final[dict[str, Party]] = {
    **{service: service for service in SERVICES},
    DEVICE: "collector",
    OTHER_DEVICE: "collector",
    PLAIN_DEVICE: "plain-device",
}
"""Who tries: every service, two collectors and a plain device."""
_ACCOUNT: Final = "6f1c2d1e-5a63-4c1b-9f0e-0f6f5a1f2b3c"
_FOREIGN: Final = (
    "other/topic",
    "$SYS/broker/version",
    "$CONTROL/dynamic-security/v1",
    "$CONTROL/dynamic-security/v1/response",
)
_WIDE: Final = ("#", "+/#", f"{ROOT}/#", "$SYS/#", "$CONTROL/#", "$share/thief/#")

_INTRODUCTION: Final = f"""\
Generated from the catalogue (`pulse_contracts.topics`). A test tries every line with every identity at a real broker
(`tests/integration/test_access_matrix.py`). `{DEVICE}` and `{OTHER_DEVICE}` stand for any two collectors,
`{PLAIN_DEVICE}` for a plain device with a name in a form of its own. A device that is disabled, lost or deleted, and
whoever has no account, cannot connect. A collector connects under its own client id only, and so does a plain device
unless an administrator allowed any. Whatever is not listed is refused."""


@dataclass(frozen=True)
class Attempt:
    """What an identity tries, and which identities may."""

    action: Literal["publish", "subscribe"]
    topic: str
    allowed: frozenset[str]


def matrix() -> list[Attempt]:
    """Every attempt, in the catalogue's order."""
    held = {name: grants(party, name) for name, party in IDENTITIES.items()}

    def tried(action: Literal["publish", "subscribe"], topics: Iterable[str]) -> Iterator[Attempt]:
        for topic in dict.fromkeys(topics):
            allowed = frozenset(name for name, granted in held.items() if is_granted(granted, action, topic))
            yield Attempt(action, topic, allowed)

    publish = [address for topic in CATALOGUE for address in _addresses(topic)]
    subscribe = [filter_ for topic in CATALOGUE for filter_ in _filters(topic)]
    return [*tried("publish", [*publish, *_FOREIGN]), *tried("subscribe", [*subscribe, *_FOREIGN, *_WIDE])]


def is_granted(granted: Iterable[Grant], action: str, topic: str) -> bool:
    """Whether one of the grants covers a topic, or every topic of a filter."""
    return any(one.action == action and _covers(one.topic, topic) for one in granted)


def _covers(granted: str, wanted: str) -> bool:
    """`+` stands for one level, and for a `+` there; a grant never holds `#`."""
    mine, theirs = granted.split("/"), wanted.split("/")
    return len(mine) == len(theirs) and all(
        one == other or (one == "+" and other != "#") for one, other in zip(mine, theirs, strict=True)
    )


def _addresses(topic: Topic[Message]) -> list[str]:
    values: dict[str, tuple[str, ...]] = {
        "device": (DEVICE, OTHER_DEVICE, PLAIN_DEVICE),
        "account": (_ACCOUNT,),
        "service": SERVICES,
    }
    if topic.levels == ("kind", "id"):
        levels = [{"kind": party, "id": name} for name, party in IDENTITIES.items()]
    else:
        chosen = product(*(values[name] for name in topic.levels))
        levels = [dict(zip(topic.levels, one, strict=True)) for one in chosen]
    return [f"{ROOT}/{topic.address(**one)}" for one in levels]


def _filters(topic: Topic[Message]) -> list[str]:
    wide = f"{ROOT}/{topic.filter()}"
    shared = [f"$share/{group}/{wide}" for group in ((topic.share, "thief") if topic.share else ("thief",))]
    return [*_addresses(topic), wide, *shared]


def page() -> str:
    """The matrix for people, in Markdown."""
    lines = ["# Who may touch which topic", "", *_INTRODUCTION.splitlines(), ""]
    lines += ["| | topic | " + " | ".join(IDENTITIES) + " |", "|---|---|" + "---|" * len(IDENTITIES)]
    for one in matrix():
        cells = ["yes" if name in one.allowed else "" for name in IDENTITIES]
        lines.append(f"| {one.action} | `{one.topic}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
