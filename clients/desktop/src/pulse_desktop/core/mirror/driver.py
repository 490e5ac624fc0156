"""Drives the mirror over the bus: messages to events, reports to the bus, and the work of every second.

A failure of the disk or of the keystore ends one run. It is logged once and shown in the status, and the mirror is
opened again after a delay. The delivery of readings does not depend on it.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random
from typing import Final

import structlog

from pulse_bus.port import Bus, Delivery, Disconnected, LinkState, MessageTooLarge, PublishRefused, Subscription
from pulse_contracts.backoff import retry_delay
from pulse_contracts.errors import Unavailable
from pulse_contracts.mirror import MirrorAudit, MirrorMessage, MirrorState
from pulse_contracts.topics import AUTH_TRUSTED_KEYS, USERS_ACK, USERS_AUDIT, USERS_SYNC, USERS_WIPE
from pulse_contracts.trust import Purpose, TrustedKeys
from pulse_desktop.core.clock import Clock
from pulse_desktop.core.identity.enrolled import Enrolled
from pulse_desktop.core.identity.model import Identity, IdentityError
from pulse_desktop.core.mirror import audit, signals
from pulse_desktop.core.mirror.envelope import MessageRefused, TrustStore, open_messages
from pulse_desktop.core.mirror.execution import Execution, Outgoing
from pulse_desktop.core.mirror.inbox import Inbox, Item, joined
from pulse_desktop.core.mirror.keystore import Kept, KeystoreError
from pulse_desktop.core.mirror.machine import Machine
from pulse_desktop.core.mirror.opening import OpenMirror, open_for_collector
from pulse_desktop.core.mirror.signals import Connected, HelloWanted, MirrorPolicy, Received, ResyncRequested, Tick
from pulse_desktop.core.model import StoreFailure
from pulse_jose import KeySet, VerificationKey

log = structlog.get_logger("pulse.desktop.mirror")

_OUTBOX: Final = 100
_PERSIST_EVERY: Final = 30.0
_AUDIT_FLOOR, _AUDIT_CAP = 10.0, 60.0
_RETRY_FLOOR, _RETRY_CAP = 5.0, 60.0


@dataclass(frozen=True)
class MirrorView:
    """The mirror as the status shows it. `problem`: why it does not work; empty when it does. `fresh_age`: seconds
    since it was last known to be true; None: never. `refused`: refused messages since the start."""

    state: MirrorState = "new"
    seq: int = 0
    count: int = 0
    fresh_age: float | None = None
    is_clock_suspect: bool = False
    refused: int = 0
    problem: str = ""


class Mirror:
    """The mirror of an enrolled collector. `view` can be read at any time."""

    def __init__(self, bus: Bus, enrolled: Enrolled, identity: Identity, clock: Clock, rng: Random) -> None:
        self._bus, self._enrolled, self._identity, self._clock, self._rng = bus, enrolled, identity, clock, rng
        self.policy = MirrorPolicy()
        self.view = MirrorView()
        self._run: _Run | None = None
        self._is_registered = False

    async def run(self) -> None:
        """Runs until cancelled. Retries after failures of the disk and the keystore."""
        if not self._is_registered:
            self._bus.on_connected(self._on_connected)
            self._is_registered = True
        failures = 0
        while True:
            try:
                await self._run_once()
            except (StoreFailure, KeystoreError, IdentityError, OSError) as error:
                failures = 1 if self.view.problem == "" else failures + 1
                level = log.warning if failures == 1 else log.debug
                level("mirror_failed", error=str(error), will_retry=True)
                self.view = MirrorView(self.view.state, self.view.seq, self.view.count, problem=str(error))
            await asyncio.sleep(retry_delay(failures, _RETRY_FLOOR, _RETRY_CAP, self._rng))

    async def _run_once(self) -> None:
        opened = await open_for_collector(self._enrolled, self._identity, self._clock)
        try:
            if opened.kept is None:
                raise KeystoreError("missing", "the mirror's keys are missing")
            self._run = _Run(self, self._bus, opened, opened.kept)
            await self._run.run()
        finally:
            self._run = None
            await opened.close()

    async def _on_connected(self) -> None:
        if self._run is not None:
            self._run.inbox.put(Item(None))

    def trusted(self, purpose: Purpose) -> KeySet[VerificationKey]:
        """The keys that the server trusts for this purpose; empty while the mirror is not running."""
        return self._run.trusted(purpose) if self._run is not None else KeySet()

    async def request_resync(self) -> bool:
        """Asks for a snapshot within a second. Returns False while the mirror is not running. Raises StoreFailure."""
        if self._run is None:
            return False
        await self._run.request_resync()
        return True

    def show(self, view: MirrorView) -> None:
        """Replaces the view."""
        if self.view.problem and not view.problem:
            log.info("mirror_recovered", state=view.state)
        self.view = view

    @property
    def clock(self) -> Clock:
        """The clocks."""
        return self._clock

    @property
    def rng(self) -> Random:
        """Jitter."""
        return self._rng


class _Run:
    """The mirror from one opening to the next failure."""

    def __init__(self, owner: Mirror, bus: Bus, opened: OpenMirror, kept: Kept) -> None:
        self._owner, self._bus, self._opened, self._clock = owner, bus, opened, owner.clock
        self.inbox = Inbox()
        self._outbox: asyncio.Queue[Outgoing] = asyncio.Queue(_OUTBOX)
        machine = Machine(opened.position, kept.remembered, owner.rng, lambda: secrets.token_urlsafe(24), owner.policy)
        self._machine = machine
        self._execution = Execution(opened, kept, machine, self._post)
        self._trust = TrustStore(opened.identity.roots)
        self._persist_at = self._housekeeping_at = float("-inf")
        self._audit_at, self._audit_sent, self._audit_covered = float("-inf"), 0, 0
        self._is_suspect, self._is_resync_asked = False, False
        self._lost = False

    async def run(self) -> None:
        device, failure = self._opened.identity.device, None
        await self._load_trusted()
        await self._execution.execute(self._machine.start())
        subscriptions: list[Subscription] = [
            await self._bus.subscribe(AUTH_TRUSTED_KEYS, self._on_trusted),
            await self._bus.subscribe(USERS_WIPE, self._on_wipe, device=device),
            await self._bus.subscribe(USERS_SYNC, self._on_sync, device=device),
        ]
        try:
            if self._bus.state is LinkState.CONNECTED:
                self.inbox.put(Item(None))
            async with asyncio.TaskGroup() as group:
                group.create_task(self._publish())
                await self._pump()
        except* (StoreFailure, KeystoreError, IdentityError, OSError) as errors:
            failure = errors.exceptions[0]
        finally:
            for one in subscriptions:
                await one.cancel()
        if failure is not None:
            raise failure

    def trusted(self, purpose: Purpose) -> KeySet[VerificationKey]:
        """The keys that the server trusts for this purpose."""
        return self._trust.keys(purpose)

    async def request_resync(self) -> None:
        """Notes the request where the command line notes it, too. Raises StoreFailure."""
        async with self._opened.database.transaction() as rows:
            await rows.run("UPDATE position SET is_resync_requested = 1")

    async def _on_trusted(self, delivery: Delivery[TrustedKeys]) -> None:
        self.inbox.put(Item(delivery.message, delivery.size))

    async def _on_sync(self, delivery: Delivery[MirrorMessage]) -> None:
        self.inbox.put(Item(delivery.message, delivery.size))

    async def _on_wipe(self, delivery: Delivery[MirrorMessage]) -> None:
        self.inbox.put(Item(delivery.message, delivery.size, is_wipe_topic=True))

    # -- the machine

    async def _pump(self) -> None:
        while True:
            await self._housekeeping()
            self._show()
            items = await self.inbox.take(self._wait())
            if self._lost:
                self._lost = False
                await self._handle(signals.Disconnected())
                if self._bus.state is LinkState.CONNECTED:  # a report timed out, or failed late
                    await self._handle(Connected())
            if not items:
                await self._handle(Tick())
            for is_mirror, group in groupby(items, lambda item: isinstance(item.message, MirrorMessage)):
                if is_mirror:
                    await self._take_messages(list(group))
                else:
                    for item in group:
                        await self._take_other(item)

    def _wait(self) -> float:
        """Seconds until the next work without a message."""
        deadline, tick = self._machine.deadline(), self._owner.policy.tick
        return tick if deadline is None else min(tick, max(0.001, deadline - self._clock.monotonic()))

    async def _handle(self, event: signals.Event) -> None:
        await self._execution.handle(event, self._clock.monotonic())

    async def _take_other(self, item: Item) -> None:
        if isinstance(item.message, TrustedKeys):
            await self._take_trusted(item.message)
        else:
            await self._handle(Connected())

    async def _take_messages(self, items: Sequence[Item]) -> None:
        """Handles messages that arrived one after the other. Deltas among them are applied together."""
        while items:
            keys, kept = self._trust.keys("mirror"), self._execution.kept
            messages = [item.message for item in items if isinstance(item.message, MirrorMessage)]
            opened = await asyncio.to_thread(open_messages, messages, keys, kept)
            done, items = items[: len(opened)], items[len(opened) :]
            received: list[Received] = []
            for item, one in zip(done, opened, strict=True):
                if isinstance(one, MessageRefused):
                    self._execution.refuse(one)
                elif item.is_wipe_topic and one.envelope.kind != "wipe":
                    self._execution.refuse(MessageRefused("wrong_topic", one.envelope.kind))
                else:
                    received.append(one)
            for event in joined(received, self._machine.awaited):
                await self._handle(event)

    async def _take_trusted(self, message: TrustedKeys) -> None:
        try:
            is_newer = self._trust.accept(message, self._execution.kept.trusted_n)
        except MessageRefused as refusal:
            self._execution.refuse(refusal)
            return
        if is_newer:
            async with self._opened.database.transaction() as rows:
                await rows.run("INSERT OR REPLACE INTO trusted VALUES (1, ?)", message.signed)
            await self._execution.remember(lambda kept: kept.raised(trusted_n=self._trust.n))
            log.info("trusted_keys_changed", n=self._trust.n)
            await self._handle(HelloWanted())

    async def _load_trusted(self) -> None:
        async with self._opened.database.reading() as rows:
            row = await rows.one("SELECT signed FROM trusted")
        if row is not None:
            try:
                self._trust.accept(TrustedKeys(signed=row[0]), self._execution.kept.trusted_n)
            except MessageRefused as refusal:  # the disk was restored: the retained message is newer
                log.info("trusted_keys_outdated", code=refusal.code)

    # -- the work of every second

    async def _housekeeping(self) -> None:
        now, elapsed = self._clock.monotonic(), self._opened.elapsed
        if now < self._housekeeping_at:
            return
        self._housekeeping_at = now + self._owner.policy.tick
        await self._watch_clock()
        await self._opened.sessions.end_expired(elapsed.now(), self._clock.micros())
        async with self._opened.database.reading() as rows:
            row = await rows.one("SELECT is_resync_requested FROM position")
        is_asked = row is not None and bool(row[0])
        if is_asked and not self._is_resync_asked:
            await self._handle(ResyncRequested())
        self._is_resync_asked = is_asked
        await self._upload_audit(now)
        if now >= self._persist_at:
            self._persist_at = now + _PERSIST_EVERY
            reached = elapsed.advance()
            await self._execution.remember(lambda kept: kept.raised(elapsed=reached))

    async def _watch_clock(self) -> None:
        is_suspect = self._opened.elapsed.is_suspect
        if is_suspect and not self._is_suspect:
            log.warning("clock_suspect", reason="wall_clock_went_back", consequence="no_offline_sign_in")
            async with self._opened.database.transaction() as rows:
                await audit.record(rows, self._clock.micros(), "clock_suspect")
            await self._handle(HelloWanted())
        self._is_suspect = is_suspect

    async def _upload_audit(self, now: float) -> None:
        newest, covered = await self._opened.trail.newest()
        if covered > self._audit_covered:
            self._audit_covered, self._audit_sent, self._audit_at = covered, 0, now
        is_connected = self._bus.state is LinkState.CONNECTED
        if newest == covered or now < self._audit_at or not is_connected or self._machine.state == "wiped":
            return
        part = await self._execution.audit_part()
        if part is not None:
            self._audit_sent += 1
            self._audit_at = now + retry_delay(self._audit_sent, _AUDIT_FLOOR, _AUDIT_CAP, self._owner.rng)
            self._post(part)
            await self._handle(HelloWanted())  # the heartbeat that answers says what is stored

    def _show(self) -> None:
        at, now = self._machine.position, self._opened.elapsed.now()
        self._owner.show(
            MirrorView(
                self._machine.state,
                at.applied,
                at.count,
                None if at.fresh is None else max(0.0, (now - at.fresh) / 1e6),
                self._opened.elapsed.is_suspect,
                self._execution.refused.total(),
            )
        )

    # -- the bus

    def _post(self, message: Outgoing) -> None:
        try:
            self._outbox.put_nowait(message)
        except asyncio.QueueFull:  # hellos and requests are repeated
            log.debug("mirror_outbox_full")

    async def _publish(self) -> None:
        device = self._opened.identity.device
        while True:
            message = await self._outbox.get()
            try:
                if isinstance(message, MirrorAudit):
                    await self._bus.publish(USERS_AUDIT, message, device=device)
                else:
                    await self._bus.publish(USERS_ACK, message, device=device)
            except Disconnected:
                self._lost = True
            except (PublishRefused, MessageTooLarge, Unavailable) as error:
                log.debug("mirror_publish_refused", error=str(error))
