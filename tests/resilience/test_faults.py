"""Faults while a collector takes 2,000 readings a second: processes are killed and its network is cut. After the
recovery an independent checker looks for lost, duplicated, altered or invented readings."""

import asyncio
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import pytest
import zstandard
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import sign_in
from tests.resilience.checker import judge
from tests.resilience.proxy import Proxy
from tests.system import Collector, System, running_system, wait_until

pytestmark = [pytest.mark.resilience, pytest.mark.timeout(480)]

CUT_SECONDS = 20.0
DEVICE = "prover"
T = TypeVar("T")


@pytest.fixture
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A system with one collector, which the test controls."""
    env = {"PULSE_FIRST_COLLECTOR": "off", "PULSE_DEVICES": DEVICE}
    with running_system(tmp_path_factory.mktemp("system"), env) as running:
        yield running


@pytest.fixture
def collector(system: System, tmp_path: Path) -> Iterator[tuple[Collector, Proxy]]:
    """It connects to the broker through a proxy that can cut the connection."""
    with Proxy(system.broker_port()) as proxy:
        made = Collector(
            device=DEVICE,
            state=tmp_path / "collector",
            mqtt_url=f"mqtts://127.0.0.1:{proxy.port}",
            ca_file=system.broker_ca,
            password_file=system.state / "secrets/devices" / DEVICE,
            journal=tmp_path / "journal",
        )
        yield made, proxy
        made.stop()


def settled(collector: Collector) -> int:
    """Number of readings that the collector has deleted because they are settled."""
    return int(collector.status().get("settled", 0))


def delivers(collector: Collector) -> None:
    """Returns when the collector delivers again and has almost no backlog."""
    wait_until(
        lambda: collector.status().get("waiting", 10**9) < 3_000,
        seconds=60,
        what="the backlog drains",
    )
    before = settled(collector)
    wait_until(lambda: settled(collector) > before, seconds=30, what="readings are settled again")


def drain(collector: Collector) -> None:
    """Stops producing and delivers the rest."""
    collector.stop()
    collector.start(rate=0)
    wait_until(lambda: collector.status().get("waiting") == 0, seconds=60, what="nothing waits")
    collector.stop()


def test_five_faults_lose_and_duplicate_no_reading(
    system: System, collector: tuple[Collector, Proxy], browser: Browser
) -> None:
    device, proxy = collector
    device.start()
    delivers(device)
    page = browser.new_context(base_url=system.url).new_page()
    sign_in(page, system)
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live", timeout=20_000)

    for name in ("telemetry-gateway", "mosquitto", "postgres"):
        system.kill(name)
        delivers(device)

    proxy.cut()
    deadline = time.monotonic() + CUT_SECONDS
    wait_until(lambda: time.monotonic() > deadline, seconds=CUT_SECONDS + 5, what="the cable is out for 20 s")
    waiting = device.status()["waiting"]
    assert waiting > 0.8 * CUT_SECONDS * device.rate, "it did not go on collecting without a network"
    proxy.heal()
    delivers(device)
    shows_no_gap(page)

    device.kill()
    device.start()
    delivers(device)
    drain(device)

    verdict = in_thread(judge(device.journal, system.database_url(), DEVICE))
    assert verdict.problems == []
    assert verdict.produced > 50_000
    assert verdict.stored >= verdict.produced
    ledger = system.get(f"/api/telemetry/devices/{DEVICE}/ledger", system.token())
    assert len(ledger["epochs"]) == 2
    assert all(epoch["complete"] for epoch in ledger["epochs"])
    assert all(epoch["refused"] == epoch["dropped"] == 0 for epoch in ledger["epochs"])


def in_thread(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine in another thread, because Playwright's loop occupies this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def shows_no_gap(page: Page) -> None:
    """The chart of an open page shows the missing readings without a reload."""
    expect(page.get_by_test_id("connection-pill")).to_have_attribute("data-state", "live", timeout=60_000)
    page.wait_for_function(
        "() => Object.values(window.__pulse.seriesIds()).every(id => window.__pulse.gaps(id).length === 0)",
        timeout=60_000,
    )
    # also checked in the page's buffer: no gap between neighbouring points is longer than a bucket
    widest = page.evaluate(
        """() => Math.max(...Object.values(window.__pulse.seriesIds()).map(id => {
            const t = window.__pulse.series(id).t;
            return t.reduce((most, now, i) => i ? Math.max(most, now - t[i - 1]) : most, 0);
        }))"""
    )
    assert widest < 2_000_000


def test_the_checker_finds_every_kind_of_tampering(system: System, collector: tuple[Collector, Proxy]) -> None:
    """A checker that finds nothing would prove nothing: each kind of tampering with the data is found."""
    device, _ = collector
    device.start()
    delivers(device)
    drain(device)
    url = system.database_url()
    assert in_thread(judge(device.journal, url, DEVICE)).problems == []
    for word, problems in in_thread(spoil_and_judge(device.journal, url)).items():
        assert any(problem.startswith(word) for problem in problems), (word, problems[:3])


def with_one_bit_off(payload: bytes) -> bytes:
    """Returns the batch with one bit of its last value's highest byte changed."""
    start = 6 + 5 * int.from_bytes(payload[4:6], "little")
    body = bytearray(zstandard.ZstdDecompressor().decompress(payload[start:], max_output_size=4_000_000))
    body[-1] ^= 1
    return payload[:start] + zstandard.ZstdCompressor().compress(bytes(body))


async def spoil_and_judge(journal: Path, url: str) -> dict[str, list[str]]:
    """Returns the checker's problems for each kind of tampering."""
    spoilers = {
        "lost": "DELETE FROM telemetry.batch WHERE pos = 3",
        "twice": "INSERT INTO telemetry.batch SELECT device_id, pos + 1000000, epoch, ord, lo, hi, n, lane, t_min, "
        "t_max, sent, received, payload FROM telemetry.batch WHERE pos = 3",
        "invented": "INSERT INTO telemetry.batch SELECT device_id, pos + 1000000, epoch, ord, lo + 10000000, "
        "hi + 10000000, n, lane, t_min, t_max, sent, received, payload FROM telemetry.batch WHERE pos = 3",
        "ledger": "UPDATE telemetry.stream SET stored_n = stored_n + 1",
    }
    found: dict[str, list[str]] = {}
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("CREATE TABLE telemetry.kept AS SELECT * FROM telemetry.batch")
        payload = await connection.fetchval("SELECT payload FROM telemetry.batch WHERE pos = 3")
        await connection.execute("UPDATE telemetry.batch SET payload = $1 WHERE pos = 3", with_one_bit_off(payload))
        found["altered"] = (await judge(journal, url, DEVICE)).problems
        await connection.execute("UPDATE telemetry.batch SET payload = $1 WHERE pos = 3", payload)
        for word, statement in spoilers.items():
            await connection.execute(statement)
            found[word] = (await judge(journal, url, DEVICE)).problems
            await connection.execute("DELETE FROM telemetry.batch")
            await connection.execute("INSERT INTO telemetry.batch SELECT * FROM telemetry.kept")
    finally:
        await connection.close()
    return found
