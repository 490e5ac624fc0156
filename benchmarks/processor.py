"""Processor time (user and system) of this project's processes. It varies much less than elapsed time when other
programs use the machine."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass

import psutil


@dataclass
class Spent:
    """Seconds in a block, complete when the block has ended. `gateway`: of the process that plays the gateway."""

    gateway: float = 0.0
    broker: float = 0.0
    postgresql: float = 0.0
    elapsed: float = 0.0


@contextlib.contextmanager
def spent(gateway: psutil.Process, servers: psutil.Process) -> Iterator[Spent]:
    """Measures a block of at least a second: the system counts in steps of 10 ms. `servers`: the process whose
    descendants are the broker and PostgreSQL."""
    found = Spent()
    broker, postgresql = _of_servers(servers)
    own, began = _seconds(gateway), time.perf_counter()
    yield found
    found.elapsed, found.gateway = time.perf_counter() - began, _seconds(gateway) - own
    after = _of_servers(servers)
    found.broker, found.postgresql = after[0] - broker, after[1] - postgresql


def _of_servers(servers: psutil.Process) -> tuple[float, float]:
    broker = postgresql = 0.0
    for process in servers.children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name() == "mosquitto":
                broker += _seconds(process)
            elif process.name() == "postgres":  # one process for each connection
                postgresql += _seconds(process) + _of_ended_children(process)
    return broker, postgresql


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _of_ended_children(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.children_user + times.children_system)
