"""The access matrix: every identity against every topic. The documentation prints it; a test tries it at a broker."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Final, Literal

from pulse_contracts.access import SERVICES, Grant, grants
from pulse_contracts.message import Message
from pulse_contracts.shards import shard_of
from pulse_contracts.topics import CATALOGUE, ROOT, Party, Topic

DEVICE, OTHER_DEVICE, PLAIN_DEVICE = "press-4", "press-5", "ESP_01"
IDENTITIES: Final[dict[str, Party]] = {
    **{service: service for service in SERVICES},
    DEVICE: "collector",
    OTHER_DEVICE: "collector",
    PLAIN_DEVICE: "plain-device",
}
"""Account name and party of each identity: every service, two collectors and a plain device."""
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
`{PLAIN_DEVICE}` for a plain device. A client without an account cannot connect, and neither can a device that is
disabled, lost or deleted. A collector must use its own id as the MQTT client id. So must a plain device, unless an
administrator has allowed any client id. Everything that is not listed is denied."""


@dataclass(frozen=True)
class Attempt:
    """One attempt, and the identities that may do it."""

    action: Literal["publish", "subscribe"]
    topic: str
    allowed: frozenset[str]


def matrix() -> list[Attempt]:
    """Returns every attempt, in the order of the catalogue."""
    grants_of = {name: grants(party, name) for name, party in IDENTITIES.items()}

    def attempts(action: Literal["publish", "subscribe"], topics: Iterable[str]) -> Iterator[Attempt]:
        for topic in dict.fromkeys(topics):
            allowed = frozenset(name for name, granted in grants_of.items() if is_granted(granted, action, topic))
            yield Attempt(action, topic, allowed)

    publish = [address for topic in CATALOGUE for address in _addresses(topic)]
    subscribe = [filter_ for topic in CATALOGUE for filter_ in _filters(topic)]
    return [*attempts("publish", [*publish, *_FOREIGN]), *attempts("subscribe", [*subscribe, *_FOREIGN, *_WIDE])]


def is_granted(granted: Iterable[Grant], action: str, topic: str) -> bool:
    """Whether one of the grants covers a topic, or every topic of a filter."""
    return any(grant.action == action and _covers(grant.topic, topic) for grant in granted)


def _covers(granted: str, topic: str) -> bool:
    """Whether a granted filter covers a topic or another filter. `+` covers one level. A grant has no `#`."""
    granted_levels, levels = granted.split("/"), topic.split("/")
    return len(granted_levels) == len(levels) and all(
        mine == level or (mine == "+" and level != "#") for mine, level in zip(granted_levels, levels, strict=True)
    )


def _addresses(topic: Topic[Message]) -> list[str]:
    values: dict[str, tuple[str, ...]] = {
        "device": (DEVICE, OTHER_DEVICE, PLAIN_DEVICE),
        "shard": tuple(str(shard_of(name)) for name in (DEVICE, OTHER_DEVICE)),
        "account": (_ACCOUNT,),
        "service": SERVICES,
    }
    if topic.levels == ("kind", "id"):
        levels = [{"kind": party, "id": name} for name, party in IDENTITIES.items()]
    else:
        combinations = product(*(values[name] for name in topic.levels))
        levels = [dict(zip(topic.levels, combination, strict=True)) for combination in combinations]
    return [f"{ROOT}/{topic.address(**chosen)}" for chosen in levels]


def _filters(topic: Topic[Message]) -> list[str]:
    wide = f"{ROOT}/{topic.filter()}"
    shared = [f"$share/{group}/{wide}" for group in ((topic.share, "thief") if topic.share else ("thief",))]
    return [*_addresses(topic), wide, *shared]


def page() -> str:
    """Returns the matrix as a Markdown page."""
    lines = ["# Who may access which topic", "", *_INTRODUCTION.splitlines(), ""]
    lines += ["| | topic | " + " | ".join(IDENTITIES) + " |", "|---|---|" + "---|" * len(IDENTITIES)]
    for attempt in matrix():
        cells = ["yes" if name in attempt.allowed else "" for name in IDENTITIES]
        lines.append(f"| {attempt.action} | `{attempt.topic}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"
