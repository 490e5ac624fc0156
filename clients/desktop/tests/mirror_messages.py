"""Builders of verified messages for a `Replica`."""

from typing import Any

from pulse_contracts.mirror import MirrorEnvelope, MirrorRecord

from .publisher import digest_of
from .replica import Replica


def envelope(kind: str, seq: int, **more: Any) -> MirrorEnvelope:
    fields = {"to": "press-4", "gen": 1, "key": 0, "kind": kind, "seq": seq, "t": 0} | more
    return MirrorEnvelope.model_validate(fields)


def delta(replica: Replica, seq: int, *records: MirrorRecord, base: int | None = None) -> None:
    replica.receive(envelope("delta", seq, base=seq - 1 if base is None else base, sealed=""), records)


def snapshot(
    replica: Replica, seq: int, asof: int, *parts: list[MirrorRecord], sid: str = "a" * 32, **more: Any
) -> None:
    everything = [one for part in parts for one in part]
    fields = {"asof": asof, "sid": sid, "of": len(parts), "set": digest_of(everything), "sealed": ""} | more
    for k, part in enumerate(parts):
        replica.receive(envelope("snapshot", seq, k=k, **fields), part)


def heartbeat(replica: Replica, seq: int, n: int, digest: str | None = None, **more: Any) -> None:
    fields = {"n": n, "set": replica.set if digest is None else digest, "audit": 0} | more
    replica.receive(envelope("heartbeat", seq, **fields))


def synced(*records: MirrorRecord) -> Replica:
    """A collector at position 10 that is synced."""
    replica = Replica()
    replica.connect()
    snapshot(replica, 10, max([1, *(one.ver for one in records)]), list(records))
    heartbeat(replica, 10, 1, nonce=replica.nonce)
    assert replica.state == "synced"
    return replica


def needs(replica: Replica) -> list[str | None]:
    return [one.reason for one in replica.reports if one.kind == "need"]
