"""A plain device keeps sending while the whole system is stopped and started. Every acknowledged message is stored."""

import asyncio
import contextlib
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.resilience.plain import PlainDevice, PlainVerdict, judge_plain, stored_numbers
from tests.system import System, run_in_thread, running_system, wait_until

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(300)]
ENV = {"PULSE_DEVICES": "esp-1", "PULSE_FIRST_COLLECTOR": "off"}


@contextlib.contextmanager
def sending(device: PlainDevice) -> Iterator[None]:
    """Runs the device in its own loop, like a separate machine."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(device.run())

    def run() -> None:
        loop.run_until_complete(asyncio.wait([task]))
        loop.run_until_complete(loop.shutdown_default_executor())
        for _ in range(10):  # an aborted connection closes its socket some rounds later
            loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()


def stored(system: System) -> int:
    return len(run_in_thread(stored_numbers(system.database_url(), "esp-1")))


def test_a_restart_of_the_whole_system_loses_no_acknowledged_message() -> None:
    with tempfile.TemporaryDirectory() as folder:
        state, journal = Path(folder) / "state", Path(folder) / "journal"
        with running_system(state, ENV) as system:
            password = (state / "secrets/devices/esp-1").read_text()
            device = PlainDevice("esp-1", password, system.broker_port(), journal, rate=40.0, ca=system.broker_ca)
            with contextlib.ExitStack() as sender:
                sender.enter_context(sending(device))
                wait_until(lambda: stored(system) > 40, seconds=30, what="readings are stored")
                system.stop()
                with running_system(state, ENV) as again:
                    device.port = again.broker_port()
                    before = device.next
                    wait_until(lambda: device.next > before + 40, seconds=30, what="the device goes on")
                    sender.close()  # a message that is acknowledged meanwhile would not be stored yet
                    verdict = wait_for_all(again, device)
        assert verdict.problems == []
        assert verdict.acknowledged > 80
        assert verdict.lost == 0


def wait_for_all(system: System, device: PlainDevice) -> PlainVerdict:
    """Returns the verdict once everything is stored, or after half a minute."""
    verdict = PlainVerdict()

    def is_all_stored() -> bool:
        nonlocal verdict
        verdict = run_in_thread(judge_plain(device.journal, system.database_url(), "esp-1", [], device.next))
        return verdict.acknowledged > 0 and verdict.lost == 0

    with contextlib.suppress(AssertionError):
        wait_until(is_all_stored, seconds=30, what="the acknowledged messages are stored")
    return verdict
