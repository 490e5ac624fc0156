"""Short histories that fail when one rule of protocol A is missing, and succeed with every rule."""

from pathlib import Path

from pulse_contracts.telemetry import Dropped, ReadingBatch
from pulse_desktop.core.delivery.signals import Policy
from pulse_desktop.core.model import BufferLimits
from tests.model.world import Gateway, World

SMALL = BufferLimits(max_bytes=150_000)


def make(folder: Path, seed: int = 1, limits: BufferLimits | None = None) -> World:
    """A device that has never connected."""
    disk = folder / f"disk-{seed}"
    disk.mkdir()
    return World(disk, seed, limits or BufferLimits(), Policy(jitter=0.0), Gateway())


def end(world: World) -> None:
    """Everything is delivered, and every promise holds."""
    world.pump()
    world.check_drained()
    world.check_fresh()
    world.check_drained()


def fill(world: World, groups: int = 40) -> None:
    """Takes more readings than a small buffer holds, while nothing is delivered."""
    for _ in range(groups):
        world.wait(0.05)
        world.produce(500)


def a_restored_backup(folder: Path) -> None:
    """The disk is replaced by an older copy. New readings get numbers that the gateway has already seen."""
    world = make(folder)
    world.produce(10)
    world.back_up(folder / "backup")
    world.produce(10)
    world.pump()
    world.restore(folder / "backup")
    world.produce(30)
    end(world)


def a_backup_from_before_many_epochs(folder: Path) -> None:
    """Its `ord` is far below the highest that the gateway has seen."""
    world = make(folder)
    world.back_up(folder / "backup")
    for _ in range(4):
        world.restart()
        world.produce(5)
        world.pump()
    world.restore(folder / "backup")
    end(world)


def a_batch_of_an_older_epoch_still_in_flight(folder: Path) -> None:
    """The have cannot name an epoch of which nothing has arrived. Both orders of the two epoch ids are tried."""
    for seed in range(6):
        world = make(folder, seed)
        world.back_up(folder / f"backup-{seed}")
        world.restart()
        world.open()
        world.produce(100)
        late = [m for m in world.up if isinstance(m, ReadingBatch)]
        world.up.clear()
        world.restore(folder / f"backup-{seed}")
        world.open()
        world.produce(1)
        world.pump()
        world.down += [answer for message in late for answer in world.gateway.take(message)]
        end(world)


def killed_before_the_commit(folder: Path) -> None:
    """Readings that were not durable were never sent, and leave no hole."""
    world = make(folder)
    world.open()
    world.produce(5)
    world.pump()
    world.produce_and_die(3)
    end(world)


def a_broker_that_loses_what_it_acknowledged(folder: Path) -> None:
    """For a while, every batch is lost after its PUBACK."""
    world = make(folder)
    world.open()
    for _ in range(5):
        world.produce(10)
        world.up.clear()
        world.wait(0.3)
        world.check()
    end(world)


def cut_anew_after_a_restart(folder: Path) -> None:
    """Small live batches arrive and their acks are lost. The next epoch sends the same readings in one batch."""
    world = make(folder)
    world.open()
    for n in (3, 4, 5):
        world.produce(n)
        world.wait(0.01)
        while world.up:
            world.pass_up()
        world.down.clear()
    world.produce(8)
    world.up.clear()
    kept, world.ledger.settled = (
        world.ledger.settled,
        {},
    )  # the have covers less than the ledger, because it may be truncated
    world.restart()
    world.open()
    world.ledger.settled = kept
    end(world)


def summaries_of_a_long_outage(folder: Path) -> None:
    """A full buffer is thinned. The summaries arrive, and the latest value stays with the newest reading."""
    world = make(folder, limits=SMALL)
    fill(world)
    end(world)


def thinned_after_it_was_sent(folder: Path) -> None:
    """Readings are stored, but their acks are lost. Then the buffer fills."""
    world = make(folder, limits=SMALL)
    world.open()
    world.produce(4_000)
    while world.up:
        world.pass_up()
    world.down.clear()
    world.cut()
    fill(world)
    end(world)


def the_backlog_of_an_earlier_epoch_under_pressure(folder: Path) -> None:
    """Readings are stored, the acks are lost, and the process ends. Then the next epoch fills the buffer."""
    world = make(folder, limits=SMALL)
    world.open()
    for _ in range(2):
        world.produce(4_000)
    while world.up:
        world.pass_up()
    world.down.clear()
    world.restart()
    fill(world, groups=80)
    end(world)


def a_lost_declaration(folder: Path) -> None:
    """Drops are declared, the message is lost, and the process ends."""
    world = make(folder, limits=SMALL)
    fill(world)
    world.check()
    world.open()
    world.up = [message for message in world.up if not isinstance(message, Dropped)]
    world.pump()
    world.restart()
    end(world)


def the_same_batch_twice(folder: Path) -> None:
    """The broker delivers the batches again, and the collector sends them again with other boundaries."""
    world = make(folder)
    world.gateway.refuses = lambda value: value < 0.3
    world.open()
    world.produce(20)
    for index in range(len(world.up)):
        world.pass_up(index, keep=True)
    world.pump()
    world.gateway.refuses = lambda _: False
    end(world)


def a_refusal_whose_ack_is_lost(folder: Path) -> None:
    """Readings are refused, and the ack that names them is lost. Later messages cover them."""
    for is_restarted in (False, True):
        world = make(folder, seed=int(is_restarted))
        world.gateway.refuses = lambda value: value < 0.5
        world.open()
        world.produce(20)
        while world.up:
            world.pass_up()
        world.down.clear()
        if is_restarted:
            world.restart()
        world.gateway.refuses = lambda _: False
        end(world)


def data_for_what_was_declared_dropped(folder: Path) -> None:
    """A delayed batch arrives after its readings were declared as dropped."""
    world = make(folder, limits=SMALL)
    world.open()
    world.produce(4_000)
    late = [m for m in world.up if isinstance(m, ReadingBatch)]
    world.up.clear()
    world.cut()
    fill(world)
    world.pump()
    world.up += late
    end(world)


def late_data_before_the_declaration(folder: Path) -> None:
    """A batch of an earlier epoch arrives after the have, and before its readings are declared as dropped."""
    world = make(folder, limits=SMALL)
    world.open()
    for _ in range(2):
        world.produce(4_000)
    late = [m for m in world.up if isinstance(m, ReadingBatch)]
    world.up.clear()
    world.restart()
    fill(world, groups=80)
    world.open()
    world.down += [answer for message in late for answer in world.gateway.take(message)]
    end(world)


def a_gateway_that_dies_before_its_commit(folder: Path) -> None:
    """Messages that were received and not committed are delivered again."""
    world = make(folder)
    world.open()
    world.ledger.is_holding = True
    world.produce(50)
    while world.up:
        world.pass_up()
    while world.down:
        world.pass_down()
    world.gateway_dies()
    world.check()
    world.ledger.is_holding = False
    end(world)


def live_before_a_long_backlog(folder: Path) -> None:
    """The newest readings arrive first."""
    world = make(folder)
    world.gateway.credit = 3
    for _ in range(6):
        world.produce(900)
        world.wait(1)
    world.open()
    world.produce(10)
    end(world)


def two_replicas_and_one_batch(folder: Path) -> None:
    """Both gateways read the ledger before either commits."""
    world = make(folder)
    world.open()
    world.ledger.is_holding = True
    world.produce(10)
    world.pass_up(0, keep=True)
    world.pass_up(0)
    world.down += world.ledger.commit()
    world.ledger.is_holding = False
    end(world)
