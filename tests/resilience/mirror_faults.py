"""The kinds of faults of the mirror's campaign. Each happens while accounts change, and ends when its cause is gone.
The campaign waits until everything runs, and judges then."""

import contextlib
import os
import random
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.resilience.dumps import dump, restore
from tests.resilience.members import NoRecoveryError
from tests.resilience.mirror_changes import Changes
from tests.resilience.mirror_points import COLLECTOR, SERVICES, SNAPSHOT
from tests.resilience.mirror_world import Device, MirrorWorld, wait_for
from tests.resilience.proxy import Weather

_REACHED_WITHIN: Final = 20.0
_SERVICES: Final = ("users", "auth", "sync-publisher", "telemetry-gateway")


@dataclass
class Scene:
    """What a fault may use. `settle`: returns when the mirrors agree. `try_sign_ins`: signs a revoked and an allowed
    person in at a collector that is offline."""

    world: MirrorWorld
    changes: Changes
    rng: random.Random
    settle: Callable[[], float]
    try_sign_ins: Callable[[Device], None]

    def some(self) -> list[Device]:
        """One collector or more, drawn."""
        return self.rng.sample(self.world.devices, self.rng.randint(1, len(self.world.devices)))


Fault = Callable[[Scene], str]


def partition(name: str, weather: Weather) -> Fault:
    """Cuts collectors off while accounts change and one is revoked. Revocations from before are tried there."""

    def cut(scene: Scene) -> str:
        cut_off = scene.some()
        for device in cut_off:
            device.proxy.turn(weather)
        scene.changes.make(scene.rng.randint(3, 8))
        scene.changes.revoke()
        scene.try_sign_ins(scene.rng.choice(cut_off))
        for device in cut_off:
            device.proxy.heal()
        return f"{name}: {len(cut_off)} collectors"

    return cut


def kill(name: str) -> Fault:
    """SIGKILL to a process of the system while accounts change."""

    def end(scene: Scene) -> str:
        scene.changes.make(scene.rng.randint(1, 5))
        scene.changes.revoke()
        scene.world.await_restart(name, scene.world.kill(name))
        return name

    return end


def kill_collectors(scene: Scene) -> str:
    """SIGKILL to collectors. They stay away while accounts change."""
    dead = scene.rng.sample(scene.world.devices, min(len(scene.world.devices), scene.rng.randint(1, 5)))
    for device in dead:
        device.end()
    scene.changes.make(4)
    scene.changes.revoke()
    for device in dead:
        device.start()
    return f"{len(dead)} collectors"


def kill_service_at_a_point(scene: Scene) -> str:
    """SIGKILL to a service at a named point. Changes and reports make it reach the point."""
    name = scene.rng.choice(list(SERVICES))
    pids = {one: row.get("pid") for one, row in scene.world.processes().items()}
    scene.world.trap.write_text(SERVICES[name])
    try:
        wait_for(lambda: not scene.world.trap.exists(), _REACHED_WITHIN, name)
    except NoRecoveryError:
        scene.world.trap.unlink(missing_ok=True)
        return f"{name} (not reached)"

    def is_noticed() -> bool:
        return any(row["pid"] not in {None, pids.get(one)} for one, row in scene.world.processes().items())

    wait_for(is_noticed, 30, f"the supervisor starts a process again after: {name}")
    return name


def kill_collector_at_a_point(scene: Scene) -> str:
    """SIGKILL to a collector at a named point."""
    name, device = scene.rng.choice(list(COLLECTOR)), scene.rng.choice(scene.world.devices)
    device.trap.write_text(COLLECTOR[name])
    if name in SNAPSHOT:
        scene.world.admin.insist("POST", f"/api/sync/collectors/{device.name}/resync")
    try:
        wait_for(lambda: not device.is_running, _REACHED_WITHIN, name)
    except NoRecoveryError:
        device.trap.unlink(missing_ok=True)
        return f"{name} (not reached)"
    device.start()
    return name


def wipe_the_broker(scene: Scene) -> str:
    """SIGKILL to the broker, which loses its disk: sessions, retained messages, accounts."""
    scene.changes.make(3)
    pid = int(scene.world.processes()["mosquitto"]["pid"])
    os.kill(pid, signal.SIGSTOP)
    store = scene.world.system.state / "mqtt/store"
    for file in (*store.glob("mosquitto.db*"), store / "dynamic-security.json"):
        file.unlink(missing_ok=True)
    os.kill(pid, signal.SIGKILL)
    scene.world.await_restart("mosquitto", pid)
    return "without its disk"


def restore_sync(scene: Scene) -> str:
    """The schema of sync-publisher comes from a dump that is older than some changes and an acknowledged revocation."""
    world, file = scene.world, scene.world.folder / "sync.sql"
    dump(world.database_url, "sync", file)
    _change_and_settle(scene)
    world.execute("ALTER ROLE pulse_sync NOLOGIN")
    try:
        pid = world.kill("sync-publisher")
        world.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'pulse_sync'")
        restore(world.database_url, "sync", file)
    finally:
        world.execute("ALTER ROLE pulse_sync LOGIN")
    world.await_restart("sync-publisher", pid)
    return "schema sync"


def restore_cluster(scene: Scene) -> str:
    """All databases come from a copy of the stopped cluster's files that is older than some changes and an acknowledged
    revocation. The services die in one case of two."""
    world, copy = scene.world, scene.world.folder / "cluster"
    scene.changes.pause()
    with _stopped_cluster(world) as data:
        subprocess.run(["cp", "-a", data, copy], check=True)
    wait_for(world.is_ready, 60, "everything runs after the backup")
    scene.changes.start()
    _change_and_settle(scene)
    scene.changes.pause()
    with_services = scene.rng.random() < 0.5
    with _stopped_cluster(world) as data:
        shutil.rmtree(data)
        copy.rename(data)
        scene.changes.book.passwords.clear()  # the older ones may be valid again
        for name in _SERVICES if with_services else ():
            world.kill(name)
    return f"all schemas, services {'killed' if with_services else 'running'}"


def _change_and_settle(scene: Scene) -> None:
    scene.changes.make(4)
    scene.changes.revoke()
    scene.changes.pause()
    scene.settle()
    scene.changes.start()


@contextlib.contextmanager
def _stopped_cluster(world: MirrorWorld) -> Iterator[Path]:
    """PostgreSQL's folder while the server is stopped. The supervisor sleeps meanwhile, and starts it again."""
    pid = int(world.processes()["postgres"]["pid"])
    world.system.process.send_signal(signal.SIGSTOP)
    try:
        os.kill(pid, signal.SIGINT)
        wait_for(lambda: _has_ended(pid), 30, "PostgreSQL stops")
        yield world.system.state / "postgres/data"
    finally:
        world.system.process.send_signal(signal.SIGCONT)
    world.await_restart("postgres", pid)


def _has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def restore_a_collector(scene: Scene) -> str:
    """The state.db of a collector comes from a copy that is older than an acknowledged revocation."""
    device = scene.rng.choice(scene.world.devices)
    copy = device.folder / "backup"
    device.end()
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for file in device.state.glob("state.db*"):
        shutil.copy2(file, copy)
    device.start()
    _change_and_settle(scene)
    device.end()
    for file in device.state.glob("state.db*"):
        file.unlink()
    for file in copy.iterdir():
        shutil.copy2(file, device.state)
    device.start()
    return device.name


def rekey_while_cut(scene: Scene) -> str:
    """New sealing keys, ordered while the collectors cannot hear it."""
    cut_off = scene.rng.sample(scene.world.devices, min(len(scene.world.devices), 3))
    for device in cut_off:
        device.proxy.cut()
    for device in cut_off:
        scene.world.admin.insist("POST", f"/api/sync/collectors/{device.name}/rekey")
    scene.changes.make(4)
    for device in cut_off:
        device.proxy.heal()
    return f"{len(cut_off)} collectors"


MIRROR_FAULTS: Final[dict[str, Fault]] = {
    "cut collectors off": partition("cut", Weather(is_cut=True)),
    "half-open connections": partition("half-open", Weather(is_half_open=True)),
    "nothing comes down": partition("down held", Weather(held=frozenset({"down"}))),
    "kill users": kill("users"),
    "kill auth": kill("auth"),
    "kill sync-publisher": kill("sync-publisher"),
    "kill the broker": kill("mosquitto"),
    "kill PostgreSQL": kill("postgres"),
    "kill collectors": kill_collectors,
    "kill a service at a named point": kill_service_at_a_point,
    "kill a collector at a named point": kill_collector_at_a_point,
    "wipe the broker": wipe_the_broker,
    "restore sync-publisher's schema": restore_sync,
    "restore the whole PostgreSQL": restore_cluster,
    "restore a collector's state.db": restore_a_collector,
    "new keys while cut off": rekey_while_cut,
}
PARTITIONS: Final = ("cut collectors off", "half-open connections", "nothing comes down", "new keys while cut off")
