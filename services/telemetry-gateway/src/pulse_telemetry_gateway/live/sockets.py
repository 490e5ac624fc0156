"""Socket.IO sessions: who may connect, what clients request, and when sockets are closed. Frames bypass Socket.IO
(`wire`)."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeVar

import socketio
from pydantic import ValidationError
from starlette.types import ASGIApp

from pulse_bus import Bus, Delivery
from pulse_chassis.identity.principal import NotSignedIn, Principal, Principals, RevocationsUnknown
from pulse_chassis.identity.revocations import revokes
from pulse_chassis.observability.metrics import Metrics
from pulse_chassis.process.background import for_each
from pulse_contracts.auth import SessionRevoked
from pulse_contracts.errors import Unavailable
from pulse_contracts.live import (
    NAMESPACE,
    Authenticate,
    Authenticated,
    Drain,
    Ended,
    LiveMessage,
    LiveRefusal,
    Notice,
    Subscribe,
    Subscribed,
    TokenExpiring,
)
from pulse_contracts.permissions import COMMON_PERMISSIONS, Permission
from pulse_contracts.topics import AUTH_EVENT, SYSTEM_STATUS
from pulse_telemetry_gateway.live.changes import UNAVAILABLE, ChangeChannels
from pulse_telemetry_gateway.live.client_input import ClientFaults, StrictJson
from pulse_telemetry_gateway.live.devices import DeviceBoard
from pulse_telemetry_gateway.live.group import Viewer
from pulse_telemetry_gateway.live.hub import Hub, LiveLimits
from pulse_telemetry_gateway.live.pending import Slice
from pulse_telemetry_gateway.live.wire import Wire, wired

L = TypeVar("L", bound=LiveMessage)
EndCode = Literal["session_ended", "token_expired", "other_account", "slow_client"]
_WARN_BEFORE: Final = 30.0
_RESTARTING: Final = 1012
_NOT_ALLOWED: Final = 1008
_SIGN_IN_WITHIN: Final = 10.0
_FAREWELL: Final = 0.5
"""Seconds that browsers have to disconnect after the `drain` event."""


@dataclass
class _Session:
    """One connected browser. `board_version`: the version of the device board that it has."""

    viewer: Viewer
    principal: Principal
    token: str
    board_version: int
    has_ended: bool = False
    was_warned: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class SocketDependencies:
    """What sockets need from the process. `clock` in microseconds; `origins` from which pages may connect."""

    principals: Principals
    metrics: Metrics
    clock: Callable[[], int]
    rng: random.Random
    origins: Sequence[str]


class Sockets:
    """The Socket.IO server. `run` also owns the hub's tasks."""

    def __init__(self, hub: Hub, limits: LiveLimits, dependencies: SocketDependencies) -> None:
        self._hub, self._limits, self._dependencies = hub, limits, dependencies
        self._principals, self._clock = dependencies.principals, dependencies.clock
        self._sessions: dict[str, _Session] = {}
        self._by_wire: dict[Wire, _Session] = {}
        self._board = DeviceBoard()
        self._unauthenticated: dict[Wire, float] = {}
        self._is_draining = False
        self._is_empty = asyncio.Event()
        self._is_empty.set()
        self._server = socketio.AsyncServer(
            async_mode="asgi",
            transports=["websocket"],
            cors_allowed_origins=list(dependencies.origins),
            ping_interval=15,
            ping_timeout=10,
            max_http_buffer_size=65_536,
            logger=False,
            json=StrictJson,
            engineio_logger=ClientFaults(logging.getLogger("pulse.live.engineio"), {}),
        )
        self._viewers = dependencies.metrics.gauge("live_viewers", "Connected browsers")
        self._frames = dependencies.metrics.counter("live_frames", "Encoded frames", ["lane", "conflated"])
        self._refused = dependencies.metrics.counter("live_refused", "Refused connections and requests", ["code"])
        self._ended = dependencies.metrics.counter("live_ended", "Sockets closed by the gateway", ["code"])
        for event, answer in (
            ("connect", self._connect),
            ("disconnect", self._disconnect),
            ("subscribe", self._subscribe),
            ("authenticate", self._authenticate),
            ("probe", self._probe),
        ):
            self._server.on(event, answer, namespace=NAMESPACE)
        self.changes = ChangeChannels(self._server, self._reason_against, dependencies.metrics)

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """The service's HTTP app with Socket.IO in front of it."""
        return wired(socketio.ASGIApp(self._server, other_asgi_app=app), self._opened)

    async def subscribe_bus(self, bus: Bus) -> None:
        """Follows revocations, which end sockets, and the states of devices, which are sent to every browser."""
        await bus.subscribe(AUTH_EVENT, self._revoked)
        await bus.subscribe(SYSTEM_STATUS, self._board.note, kind="collector")
        await self.changes.subscribe_bus(bus)

    async def run(self) -> None:
        """Runs the hub's tasks until cancelled."""
        await self._hub.run(self._clock, self._counted)

    async def sweep(self) -> None:
        """Closes sockets that are expired, silent or not signed in, and sends each session the changed device
        states."""
        await self._close_unauthenticated()
        changes: dict[int, str] = {}

        async def check(item: tuple[str, _Session]) -> None:
            sid, session = item
            try:
                await self._look_after(sid, session)
                await self._tell_devices(session, changes)
            except Exception:
                await session.viewer.wire.close(_NOT_ALLOWED)  # a session that cannot be checked must not stay open
                raise

        await for_each(list(self._sessions.items()), check)
        await self.changes.expel()

    async def stop(self) -> None:
        """Sends what was collected, tells every browser when to reconnect, and closes the sockets. The browsers resume
        on another gateway."""
        self._is_draining = True
        await self._hub.flush()
        for session in list(self._sessions.values()):
            after = int(self._dependencies.rng.uniform(0, self._limits.drain_spread) * 1000)
            text = f'42{NAMESPACE},["drain",{Drain(after_ms=after).model_dump_json()}]'
            await session.viewer.wire.tell(text)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                await self._is_empty.wait()
        for session in list(self._sessions.values()):
            await session.viewer.wire.close(_RESTARTING)

    def _opened(self, wire: Wire) -> None:
        self._unauthenticated[wire] = asyncio.get_running_loop().time()
        if len(self._unauthenticated) > self._limits.viewers_max:  # close the oldest: a browser signs in immediately
            oldest = next(iter(self._unauthenticated))
            del self._unauthenticated[oldest]
            oldest.abort()

    async def _close_unauthenticated(self) -> None:
        """Closes sockets that did not sign in."""
        now = asyncio.get_running_loop().time()
        for wire, since in list(self._unauthenticated.items()):
            if not wire.is_open or now - since > _SIGN_IN_WITHIN:
                del self._unauthenticated[wire]
                await wire.close(_NOT_ALLOWED)

    def _counted(self, part: Slice) -> None:
        self._frames.labels(part.lane, str(part.is_conflated).lower()).inc()

    async def _connect(self, sid: str, environ: Mapping[str, Any], auth: object) -> None:
        token = auth.get("token") if isinstance(auth, dict) else None
        if not isinstance(token, str) or len(token) > 8_192:
            raise self._refusal("not_signed_in")
        try:
            principal = self._principals.verify(token)
        except NotSignedIn:
            raise self._refusal("not_signed_in") from None
        except Unavailable:
            raise self._refusal("unavailable") from None
        if not principal.may("telemetry.read"):
            raise self._refusal("forbidden")
        if not self._hub.is_running or self._is_draining:
            raise self._refusal("unavailable")
        if len(self._sessions) >= self._limits.viewers_max:
            raise self._refusal("too_many_viewers")
        own = sum(session.principal.account == principal.account for session in self._sessions.values())
        if own >= self._limits.viewers_of_account_max:
            raise self._refusal("too_many_viewers_of_account")
        wire = Wire.of(environ["asgi.scope"])
        self._unauthenticated.pop(wire, None)
        viewer = self._hub.viewer(sid, wire)
        self._sessions[sid] = self._by_wire[wire] = _Session(viewer, principal, token, self._board.version)
        self._is_empty.clear()
        self._viewers.set(len(self._sessions))

    def _reason_against(self, wire: Wire, permission: Permission) -> str | None:
        """Why the session on this wire may not use a permission now, as a code. None: it may. The rules are those of
        HTTP routes."""
        session = self._by_wire.get(wire)
        if session is None or session.has_ended or self._principals.is_revoked(session.principal):
            return "not_signed_in"
        if not session.principal.may(permission):
            return "forbidden"
        if permission not in COMMON_PERMISSIONS:
            try:
                self._principals.require_fresh()
            except RevocationsUnknown:
                return UNAVAILABLE
        return None

    def _refusal(self, code: str) -> Exception:
        self._refused.labels(code).inc()
        refusal: Exception = socketio.exceptions.ConnectionRefusedError(code)
        return refusal

    async def _disconnect(self, sid: str, _reason: object = None) -> None:
        session = self._sessions.pop(sid, None)
        if session is not None:
            self._by_wire.pop(session.viewer.wire, None)
            self._viewers.set(len(self._sessions))
            self._hub.leave(session.viewer)
            if not self._sessions:
                self._is_empty.set()

    async def _subscribe(self, sid: str, raw: object = None, *_: object) -> dict[str, Any]:
        session = self._sessions.get(sid)
        try:
            request = Subscribe.model_validate(raw)
        except ValidationError as error:
            return self._refuse("invalid_request", _first_error(error))
        if session is None:
            return self._refuse("invalid_request", "not connected")
        try:
            self._principals.verify(session.token)  # the session may have ended in the meantime
        except NotSignedIn:
            self._hub.leave(session.viewer)
            return self._refuse("not_signed_in", "the session has ended: sign in again")
        except Unavailable:
            return self._refuse("unavailable", "temporarily unavailable: try again")
        try:
            async with session.turn:
                found = await self._hub.watch(session.viewer, request, lambda: self._sessions.get(sid) is session)
        except Unavailable:
            return self._refuse("unavailable", "temporarily unavailable: try again")
        return Subscribed(pos=found.pos, resumed=found.resumed, unknown=found.unknown).model_dump()

    def _refuse(self, code: str, detail: str = "") -> dict[str, Any]:
        self._refused.labels(code).inc()
        return LiveRefusal(code=code, detail=detail).model_dump()

    async def _authenticate(self, sid: str, raw: object = None, *_: object) -> dict[str, Any]:
        session = self._sessions.get(sid)
        try:
            request = Authenticate.model_validate(raw)
        except ValidationError as error:
            return self._refuse("invalid_request", _first_error(error))
        if session is None:
            return self._refuse("invalid_request", "not connected")
        try:
            principal = self._principals.verify(request.token)
        except (NotSignedIn, Unavailable):
            return self._refuse("not_signed_in")
        if principal.account != session.principal.account:
            await self._end(session, "other_account", "the token belongs to another account")
            return self._refuse("forbidden", "the token belongs to another account")
        session.principal, session.token, session.was_warned = principal, request.token, False
        return Authenticated(expires_at=_text(principal.expires)).model_dump()

    async def _probe(self, _sid: str, *_: object) -> dict[str, int]:
        return {"t": self._clock()}

    async def _revoked(self, delivery: Delivery[SessionRevoked]) -> None:
        ended = delivery.message
        for session in list(self._sessions.values()):
            if revokes(ended, session.principal):
                await self._end(session, "session_ended", "the session was revoked: sign in again")

    async def _end(self, session: _Session, code: EndCode, detail: str) -> None:
        """Sends the reason and closes the socket. Nothing else is sent, even when the client does not read."""
        self._ended.labels(code).inc()
        session.has_ended = True
        self._hub.leave(session.viewer)
        wire = session.viewer.wire
        await wire.tell(f'42{NAMESPACE},["ended",{Ended(code=code, detail=detail).model_dump_json()}]')
        await wire.close(_NOT_ALLOWED)

    async def _look_after(self, sid: str, session: _Session) -> None:
        left = session.principal.expires - self._clock() / 1e6
        if left <= 0:
            await self._end(session, "token_expired", "the access token expired and was not renewed")
            return
        if self._principals.is_revoked(
            session.principal
        ):  # the heartbeat repeats revocations, in case an event was lost
            await self._end(session, "session_ended", "the session was revoked: sign in again")
            return
        if left < _WARN_BEFORE and not session.was_warned:
            session.was_warned = True
            expiring = TokenExpiring(expires_at=_text(session.principal.expires))
            await self._server.emit("token_expiring", expiring.model_dump(), to=sid, namespace=NAMESPACE)
        viewer = session.viewer
        silent = asyncio.get_running_loop().time() - viewer.wire.acknowledged_at if viewer.wire.owes else 0.0
        if silent > self._limits.silence_end:
            await self._end(session, "slow_client", "frames were not acknowledged")
        elif silent > self._limits.silence_notice and not viewer.was_noticed:
            viewer.was_noticed = True
            notice = Notice(code="slow_client", detail="frames are not acknowledged: some readings are left out")
            await self._server.emit("notice", notice.model_dump(), to=sid, namespace=NAMESPACE)

    async def _tell_devices(self, session: _Session, changes: dict[int, str]) -> None:
        version, wire = self._board.version, session.viewer.wire
        if session.board_version == version or not wire.has_room(0):
            return
        if session.board_version not in changes:
            changes[session.board_version] = self._board.since(session.board_version)
        if await wire.tell(changes[session.board_version]):
            session.board_version = version


def _first_error(error: ValidationError) -> str:
    """The first validation error with its place, without the value."""
    first = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(str(part)[:64] for part in first["loc"])
    return f"{where}: {first['msg']}" if where else str(first["msg"])


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
