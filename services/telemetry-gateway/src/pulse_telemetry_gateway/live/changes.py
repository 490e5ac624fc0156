"""Changes of accounts, collectors, devices and mirrors for pages: ids only, at most four messages a second in each
namespace. A page asks the service that owns the data for the rest."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import socketio

from pulse_bus import Bus, Delivery, Subscription
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.background import for_each
from pulse_contracts.auth import SessionRevoked
from pulse_contracts.changes import Changed
from pulse_contracts.live import CHANGE_NAMESPACES, MAX_CHANGED, Changes
from pulse_contracts.mirror import MirrorStatus
from pulse_contracts.permissions import Permission
from pulse_contracts.topics import (
    AUTH_EVENT,
    CHANGES_COLLECTORS,
    CHANGES_DEVICES,
    CHANGES_ENTITLEMENT,
    CHANGES_PEOPLE,
    USERS_MIRROR,
)
from pulse_telemetry_gateway.live.wire import Wire

Check = Callable[[Wire, Permission], str | None]
"""Why the browser on this wire may not join now, as a code of a refusal. None: it may."""
UNAVAILABLE: Final = "unavailable"
"""The only refusal that passes by itself."""


@dataclass
class _Member:
    """A browser in one namespace. must_reload: it was not sent every change."""

    wire: Wire
    must_reload: bool = False


@dataclass
class _Channel:
    """One namespace: its browsers by session id, and what changed since the last round. `is_lossy`: changes were left
    out, or may have been. `topics`: the subscriptions that may be refused."""

    permission: Permission
    topics: list[Subscription] = field(default_factory=list)
    members: dict[str, _Member] = field(default_factory=dict)
    ids: dict[str, None] = field(default_factory=dict)
    rules: bool = False
    is_lossy: bool = False

    @property
    def is_deaf(self) -> bool:
        """Whether the broker refused a topic, such as one that an older auth service does not know."""
        return any(topic.is_refused for topic in self.topics)

    @property
    def is_idle(self) -> bool:
        return not (self.ids or self.rules or self.is_lossy or any(one.must_reload for one in self.members.values()))

    def take(self) -> str | None:
        """What changed, as the JSON of a Socket.IO event. None if nothing did. The channel forgets it."""
        text = None
        if self.is_lossy:
            text = _RELOAD
        elif self.ids or self.rules:
            text = f'["changed",{Changes(ids=list(self.ids), rules=self.rules).model_dump_json()}]'
        self.ids, self.rules, self.is_lossy = {}, False, False
        return text


_RELOAD: Final = '["reload",{}]'


class ChangeChannels:
    """The Socket.IO namespaces of changes. A browser joins one on a socket that has joined the live namespace, so each
    ends with the session of its socket.

    A browser that cannot take a message now is told to reload later: nothing is queued for it. Nobody can join a
    namespace while the broker refuses one of its topics: the pages poll then.
    """

    def __init__(self, server: socketio.AsyncServer, check: Check, metrics: Metrics) -> None:
        self._server, self._check = server, check
        self._channels = {name: _Channel(permission) for name, permission in CHANGE_NAMESPACES.items()}
        self.wake = asyncio.Event()
        """Set when there is something to send."""
        self._joined = metrics.gauge("live_change_viewers", "Browsers that follow changes", ["namespace"])
        self._sent = metrics.counter("live_changes", "Messages about changes that were encoded", ["namespace", "kind"])
        self._refused = metrics.counter("live_changes_refused", "Refused joins", ["namespace", "code"])
        for name in self._channels:
            self._register(name)

    async def subscribe_bus(self, bus: Bus) -> None:
        """Follows the topics. After a new connection to the broker every browser reloads, because messages may be
        lost. Ingest goes on if the broker refuses a topic that only pages need."""
        await bus.subscribe(AUTH_EVENT, self._session)
        for namespace, subscription in (
            ("/people", await bus.subscribe(CHANGES_PEOPLE, self._person, optional=True)),
            ("/collectors", await bus.subscribe(CHANGES_COLLECTORS, self._collector, optional=True)),
            ("/devices", await bus.subscribe(CHANGES_DEVICES, self._device, optional=True)),
            ("/mirror", await bus.subscribe(USERS_MIRROR, self._mirror, optional=True)),
            ("/mirror", await bus.subscribe(CHANGES_ENTITLEMENT, self._rules, optional=True)),
        ):
            self._channels[namespace].topics.append(subscription)
        bus.on_connected(self._connected)

    def note(self, namespace: str, id_: str) -> None:
        """Sends the id to the browsers in this namespace soon. Ids beyond `MAX_CHANGED` make them reload."""
        channel = self._channels[namespace]
        if not channel.members:
            return
        if len(channel.ids) < MAX_CHANGED:
            channel.ids[id_] = None
        elif id_ not in channel.ids:
            channel.is_lossy = True
        self.wake.set()

    async def flush(self) -> None:
        """Sends what changed. Removes browsers whose session has lost the permission."""
        for name, channel in self._channels.items():
            if channel.is_idle:
                continue
            event = channel.take()
            if event is not None:
                self._sent.labels(name, "reload" if event == _RELOAD else "changed").inc()

            async def send(item: tuple[str, _Member], name: str = name, event: str | None = event) -> None:
                await self._send(name, *item, event)

            await for_each(list(channel.members.items()), send)

    async def expel(self) -> None:
        """Removes the browsers whose session has lost the permission of their namespace, and those of a namespace whose
        topic the broker refuses."""
        for name, channel in self._channels.items():
            for sid, member in list(channel.members.items()):
                if channel.is_deaf or self._check(member.wire, channel.permission) not in {None, UNAVAILABLE}:
                    await self._server.disconnect(sid, namespace=name)

    async def _send(self, namespace: str, sid: str, member: _Member, event: str | None) -> None:
        channel = self._channels[namespace]
        refusal = self._check(member.wire, channel.permission)
        if refusal not in {None, UNAVAILABLE}:
            await self._server.disconnect(sid, namespace=namespace)
            return
        if event is None and not member.must_reload:
            return
        if refusal is not None:  # such as revocations that are out of date: HTTP would refuse the same session
            member.must_reload = True
            return
        text = _RELOAD if member.must_reload else event
        member.must_reload = not await member.wire.tell(f"42{namespace},{text}")

    def _register(self, name: str) -> None:
        channel = self._channels[name]

        async def join(sid: str, environ: Mapping[str, Any], _auth: object = None) -> None:
            wire = Wire.of(environ["asgi.scope"])
            refusal = self._check(wire, channel.permission) or (UNAVAILABLE if channel.is_deaf else None)
            if refusal is not None:
                self._refused.labels(name, refusal).inc()
                raise socketio.exceptions.ConnectionRefusedError(refusal)
            channel.members[sid] = _Member(wire)
            self._joined.labels(name).set(len(channel.members))

        async def leave(sid: str, _reason: object = None) -> None:
            channel.members.pop(sid, None)
            self._joined.labels(name).set(len(channel.members))

        self._server.on("connect", join, namespace=name)
        self._server.on("disconnect", leave, namespace=name)

    async def _person(self, delivery: Delivery[Changed]) -> None:
        self.note("/people", delivery.levels["account"])

    async def _session(self, delivery: Delivery[SessionRevoked]) -> None:
        self.note("/people", delivery.levels["account"])

    async def _collector(self, delivery: Delivery[Changed]) -> None:
        self.note("/collectors", delivery.levels["device"])

    async def _device(self, delivery: Delivery[Changed]) -> None:
        self.note("/devices", delivery.levels["device"])

    async def _mirror(self, delivery: Delivery[MirrorStatus]) -> None:
        if not delivery.is_retained:
            self.note("/mirror", delivery.levels["device"])

    async def _rules(self, _delivery: Delivery[Changed]) -> None:
        channel = self._channels["/mirror"]
        if channel.members:
            channel.rules = True
            self.wake.set()

    async def _connected(self) -> None:
        for channel in self._channels.values():
            channel.is_lossy = bool(channel.members)
        self.wake.set()
