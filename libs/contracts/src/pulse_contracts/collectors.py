"""Collectors on the bus: each change as a sealed event of auth, and a digest that shows a consumer that it missed
one."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from pulse_contracts.accounts import Version
from pulse_contracts.enrolment import Bytes32Text
from pulse_contracts.message import PRINTABLE, DeviceName, Message

CollectorState = Literal["enabled", "disabled", "lost", "deleted"]
Generation = Annotated[int, Field(ge=0, lt=2**62, strict=True)]
"""Number of a collector's enrolment. 0: never enrolled."""
Subject = Annotated[
    str, StringConstraints(pattern=r"^(account:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|role:[a-z]{1,16})$")
]
"""`account:<uuid>` or `role:<role>`."""
Label = Annotated[str, StringConstraints(max_length=128, pattern=PRINTABLE)]
"""A site or a tag."""


class AccessRecord(BaseModel):
    """Who may sign in at a collector, as auth stored it before sync-publisher existed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    subject: Subject
    is_allowed: bool


class CollectorRecord(BaseModel):
    """The sealed content of `CollectorChanged`.

    version: increases with every change of this collector.
    gen: number of its enrolment. 0: never enrolled, so it has no keys.
    public_key: its X25519 key (RFC 7748).
    seal_key: K_seal, which both sides derived at enrolment (protocol B1). None without an enrolment, and once the
        collector is lost or deleted: its keys are destroyed.
    access: rules that sync-publisher adopts when it sees the collector for the first time.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    device: DeviceName
    version: Version
    name: Annotated[str, StringConstraints(max_length=128, pattern=PRINTABLE)]
    site: Label
    tags: Annotated[list[Label], Field(max_length=32)]
    state: CollectorState
    gen: Generation
    public_key: Bytes32Text | None
    seal_key: Bytes32Text | None
    access: Annotated[list[AccessRecord], Field(max_length=1_000)] = []


class CollectorChanged(Message):
    """One collector as of `version`. `sealed` is a compact JWE of `CollectorRecord`, bound to device and version. Only
    auth and sync-publisher hold its key. A consumer applies it only if `version` is newer than its own."""

    device: DeviceName
    version: Version
    sealed: Annotated[str, StringConstraints(max_length=131_072)]


class CollectorsDigest(Message):
    """Number of collectors, deleted ones included, and the hash of the set (`accounts.set_digest` over device and
    version). Retained."""

    count: Annotated[int, Field(ge=0)]
    set: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
