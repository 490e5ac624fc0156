"""Socket.IO: who may connect, what they ask for, and a pump per viewer that never sends faster than it is acked."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import socketio
from pydantic import ValidationError
from starlette.types import ASGIApp

from pulse_bus import Bus, Delivery
from pulse_chassis.metrics import Metrics
from pulse_chassis.principal import NotSignedIn, Principal, Principals
from pulse_chassis.revocations import ends
from pulse_contracts.auth import SessionRevoked
from pulse_contracts.errors import Unavailable
from pulse_contracts.live import (
    Authenticate,
    Authenticated,
    DeviceState,
    LiveFrame,
    LiveMessage,
    LiveRefusal,
    Notice,
    Subscribe,
    Subscribed,
    TokenExpiring,
)
from pulse_contracts.system import Status
from pulse_contracts.topics import AUTH_EVENT, SYSTEM_STATUS
from pulse_telemetry_gateway.live.hub import Hub, LiveLimits, Viewer
from pulse_telemetry_gateway.live.pending import Slice

log = logging.getLogger("pulse.live")
L = TypeVar("L", bound=LiveMessage)
_WARN_BEFORE = 30.0
_IN_FLIGHT = 2


class _ClientFaults(logging.LoggerAdapter[logging.Logger]):
    """engineio says `error` for what a client does wrong (a foreign origin, an unknown transport): no fault of ours.
    Its own failures come as exceptions, and stay errors; its chatter about each packet is left out."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, kwargs

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        if level >= logging.WARNING:
            is_ours = level > logging.ERROR or kwargs.get("exc_info")
            super().log(level if is_ours else logging.INFO, msg, *args, **kwargs)


class _Session:
    """One connected browser."""

    def __init__(self, viewer: Viewer, principal: Principal) -> None:
        self.viewer, self.principal = viewer, principal
        self.was_warned = False
        self.turn = asyncio.Lock()
        self.pump: asyncio.Task[None] | None = None


class Sockets:
    """The Socket.IO server. `run` owns every viewer's pump."""

    def __init__(
        self,
        hub: Hub,
        principals: Principals,
        limits: LiveLimits,
        *,
        origins: Sequence[str],
        clock: Callable[[], int],
        metrics: Metrics,
    ) -> None:
        self._hub, self._principals, self._limits, self._clock = hub, principals, limits, clock
        self._sessions: dict[str, _Session] = {}
        self._group: asyncio.TaskGroup | None = None
        self._server = socketio.AsyncServer(
            async_mode="asgi",
            transports=["websocket"],
            cors_allowed_origins=list(origins),
            ping_interval=15,
            ping_timeout=10,
            max_http_buffer_size=65_536,
            logger=False,
            engineio_logger=_ClientFaults(logging.getLogger("pulse.live.engineio"), {}),
        )
        self._viewers = metrics.gauge("live_viewers", "Connected browsers")
        self._frames = metrics.counter("live_frames", "Frames sent", ["lane", "conflated"])
        for event, answer in (
            ("connect", self._connect),
            ("disconnect", self._disconnect),
            ("subscribe", self._subscribe),
            ("authenticate", self._authenticate),
            ("probe", self._probe),
        ):
            self._server.on(event, answer)

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """The service's HTTP app with Socket.IO in front of it."""
        wrapped: ASGIApp = socketio.ASGIApp(self._server, other_asgi_app=app)
        return wrapped

    async def subscribe_bus(self, bus: Bus) -> None:
        """Revocations end sockets; devices that come or go are told to everybody."""
        await bus.subscribe(AUTH_EVENT, self._revoked)
        await bus.subscribe(SYSTEM_STATUS, self._device_state, kind="collector")

    async def run(self) -> None:
        """Looks after tokens and silent clients each second; the pumps are its children."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            while True:
                await asyncio.sleep(1.0)
                for sid, session in list(self._sessions.items()):
                    await self._look_after(sid, session)

    async def stop(self) -> None:
        """Tells every browser goodbye; they come back to whoever answers next."""
        for sid in list(self._sessions):
            await self._server.disconnect(sid)

    async def _connect(self, sid: str, _environ: Mapping[str, Any], auth: object) -> None:
        token = auth.get("token") if isinstance(auth, dict) else None
        if not isinstance(token, str) or len(token) > 8_192:
            raise socketio.exceptions.ConnectionRefusedError("not_signed_in")
        try:
            principal = self._principals.verify(token)
        except NotSignedIn:
            raise socketio.exceptions.ConnectionRefusedError("not_signed_in") from None
        except Unavailable:
            raise socketio.exceptions.ConnectionRefusedError("unavailable") from None
        if self._group is None:
            raise socketio.exceptions.ConnectionRefusedError("unavailable")
        session = _Session(self._hub.viewer(sid), principal)
        session.viewer.last_ack = time.monotonic()
        self._sessions[sid] = session
        self._viewers.set(len(self._sessions))
        session.pump = self._group.create_task(self._pump(session.viewer))

    async def _disconnect(self, sid: str, _reason: object = None) -> None:
        session = self._sessions.pop(sid, None)
        if session is None:
            return
        self._viewers.set(len(self._sessions))
        if session.pump is not None:
            session.pump.cancel()
        await self._hub.leave(session.viewer)

    async def _subscribe(self, sid: str, raw: object = None) -> dict[str, Any]:
        session = self._sessions.get(sid)
        wish = _parse(Subscribe, raw)
        if session is None or wish is None:
            return LiveRefusal(code="invalid_request", detail="subscribe wants {series, rate?, pos?}").model_dump()
        try:
            async with session.turn:
                pos, resumed = await self._hub.watch(session.viewer, wish)
        except Unavailable:
            return LiveRefusal(code="unavailable", detail="temporarily unavailable: try again").model_dump()
        finally:
            if self._sessions.get(sid) is not session:
                await self._hub.leave(session.viewer)  # it went away meanwhile
        return Subscribed.model_validate({"pos": pos, "resumed": resumed}).model_dump()

    async def _authenticate(self, sid: str, raw: object = None) -> dict[str, Any]:
        session, wish = self._sessions.get(sid), _parse(Authenticate, raw)
        if session is None or wish is None:
            return LiveRefusal(code="invalid_request").model_dump()
        try:
            principal = self._principals.verify(wish.token)
        except (NotSignedIn, Unavailable):
            return LiveRefusal(code="not_signed_in").model_dump()
        if principal.account != session.principal.account:
            await self._server.disconnect(sid)
            return LiveRefusal(code="forbidden", detail="another account's token").model_dump()
        session.principal, session.was_warned = principal, False
        return Authenticated(expires_at=_text(principal.expires)).model_dump()

    async def _probe(self, _sid: str, _raw: object = None) -> dict[str, int]:
        return {"t": self._clock()}

    async def _revoked(self, delivery: Delivery[SessionRevoked]) -> None:
        ended = delivery.message
        for sid, session in list(self._sessions.items()):
            principal = session.principal
            if ends(ended, principal.account, principal.sid, principal.issued):
                await self._server.disconnect(sid)

    async def _device_state(self, delivery: Delivery[Status]) -> None:
        if delivery.is_retained:
            return
        seen = datetime.fromtimestamp(delivery.received / 1e6, UTC).isoformat()
        state = DeviceState(id=delivery.levels["id"], online=delivery.message.state == "online", last_seen_at=seen)
        await self._server.emit("device", state.model_dump())

    async def _look_after(self, sid: str, session: _Session) -> None:
        left = session.principal.expires - self._clock() / 1e6
        if left <= 0:
            await self._server.disconnect(sid)
            return
        if left < _WARN_BEFORE and not session.was_warned:
            session.was_warned = True
            expiring = TokenExpiring(expires_at=_text(session.principal.expires))
            await self._server.emit("token_expiring", expiring.model_dump(), to=sid)
        viewer = session.viewer
        silent = time.monotonic() - viewer.last_ack if viewer.unacked else 0.0
        if silent > self._limits.silence_end:
            await self._server.disconnect(sid)
        elif silent > self._limits.silence_notice and not viewer.was_noticed:
            viewer.was_noticed = True
            notice = Notice(code="slow_client", detail="frames are not acknowledged: readings are being conflated")
            await self._server.emit("notice", notice.model_dump(), to=sid)

    async def _pump(self, viewer: Viewer) -> None:
        while True:
            await viewer.changed.wait()
            viewer.changed.clear()
            if viewer.unacked >= _IN_FLIGHT:
                continue  # its acknowledgement wakes us
            part = viewer.next_slice()
            if part is None:
                continue
            await self._emit(viewer, part)
            if part.lane != "resume" and not viewer.taken:
                await asyncio.sleep(1.0 / viewer.rate)
            viewer.changed.set()

    async def _emit(self, viewer: Viewer, part: Slice) -> None:
        frame = LiveFrame.model_construct(
            sent=self._clock(),
            pos=dict(viewer.sent),
            lane=part.lane,  # type: ignore[arg-type]  # a slice's lane is one of the three
            conflated=part.is_conflated,
            series=part.series,
            x=part.x,
            t=part.t,
            v=part.v,
        )

        def acknowledged(*_: object) -> None:
            viewer.unacked -= 1
            viewer.last_ack = time.monotonic()
            viewer.was_noticed = False
            viewer.changed.set()

        if viewer.unacked == 0:
            viewer.last_ack = time.monotonic()
        viewer.unacked += 1
        self._frames.labels(part.lane, str(part.is_conflated).lower()).inc()
        await self._server.emit("frame", frame.model_dump(), to=viewer.sid, callback=acknowledged)


def _parse(kind: type[L], raw: object) -> L | None:
    try:
        return kind.model_validate(raw)
    except ValidationError:
        return None


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
