"""Builders for tests of the delivery machine alone: the machine, and the gateway's messages."""

from collections.abc import Sequence
from random import Random

from pulse_contracts.telemetry import BatchAck, Have
from pulse_desktop.core.delivery.replay import Replay
from pulse_desktop.core.delivery.signals import AckReceived, Command, Connected, HaveReceived, Policy, SendBatch
from pulse_desktop.core.model import Epoch, Holdings

DIGEST = "0" * 64
OTHER = "1" * 64
CALM = Policy(jitter=0.0)


def make(holdings: Holdings | None = None, epoch: Epoch = Epoch(9, 5)) -> Replay:  # noqa: B008  # frozen
    return Replay(epoch, holdings or Holdings(), DIGEST, Random(0), CALM)


def have(session: str = "s-1", credit: int = 8, **more: object) -> HaveReceived:
    return HaveReceived(
        Have(**{"session": session, "newest": [], "epochs": [], "credit": credit, "series": DIGEST, **more})
    )


def ack(epoch: int, *settled: tuple[int, int], **more: object) -> AckReceived:
    return AckReceived(BatchAck(**{"epoch": epoch, "settled": list(settled), "newest": [], "credit": 8, **more}))


def opened(holdings: Holdings | None = None, credit: int = 8) -> tuple[Replay, list[SendBatch]]:
    replay = make(holdings)
    replay.handle(Connected("s-1"), 0)
    return replay, sends(replay.handle(have(credit=credit), 0))


def sends(commands: Sequence[Command]) -> list[SendBatch]:
    return [c for c in commands if isinstance(c, SendBatch)]
