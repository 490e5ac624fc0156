"""Plain devices: any MQTT device, created together with its credentials."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pulse_auth.actions.collectors import SEAL_PURPOSE, CollectorDependencies, description_detail, require_collector
from pulse_auth.actions.enrolment import BrokerEndpoint
from pulse_auth.model.collectors import Collector, CollectorDescription, CollectorExists, PlainDevice, require_kind
from pulse_auth.store.broker import BrokerStore
from pulse_auth.store.collectors import CollectorStore
from pulse_chassis.identity.caller import Caller
from pulse_contracts.topics import TELEMETRY_PLAIN
from pulse_postgres import Connection


@dataclass(frozen=True)
class PlainCredentials:
    """What a plain device needs to connect. `client_id`: None if any may be used. `tls12_port`: a port that also
    accepts TLS 1.2, None if the broker has none. `ca`: the authority (PEM) that signed the broker's certificate, None
    for a public one."""

    username: str
    password: str = field(repr=False)
    client_id: str | None
    topic: str
    host: str
    port: int
    tls12_port: int | None
    ca: str | None


class PlainDevices:
    """Administration of plain devices, in addition to that of collectors. Every method raises Unavailable."""

    def __init__(self, deps: CollectorDependencies, endpoint: BrokerEndpoint) -> None:
        self._deps, self._endpoint = deps, endpoint
        self._store, self._broker = CollectorStore(), BrokerStore()

    async def create(
        self, device: PlainDevice, description: CollectorDescription, caller: Caller
    ) -> tuple[Collector, PlainCredentials]:
        """Creates a device. Raises CollectorExists, BrokerUnknown."""
        endpoint = self._endpoint.read()
        async with self._deps.database.transaction() as connection:
            if not await self._store.add_plain(connection, device, description, self._deps.now()):
                raise CollectorExists(
                    f"A device with the id {device.id!r} exists. Delete it first, or choose another user name."
                )
            password = await self._new_password(connection, device)
            change = {
                **description_detail(description),
                "username": device.username,
                "any_client_id": device.has_free_client_id,
            }
            await self._deps.finish(connection, "plain_device_created", device.id, caller, (None, change))
            collector = require_collector(await self._store.by_id(connection, device.id))
        self._deps.changed()
        return collector, self._credentials(device, password, endpoint)

    async def renew(self, id_: str, caller: Caller) -> tuple[Collector, PlainCredentials]:
        """Sets a new password: the old one becomes invalid and its user is disconnected. Enables a lost device. Raises
        CollectorNotFound, WrongCollectorKind, BrokerUnknown."""
        endpoint = self._endpoint.read()
        async with self._deps.database.transaction() as connection:
            collector = require_collector(await self._store.lock(connection, id_))
            require_kind(collector, "plain")
            if collector.state == "lost":
                await self._store.become(connection, id_, "enabled")
            device = PlainDevice(collector.broker_name, collector.has_free_client_id)
            password = await self._new_password(connection, device)
            await self._store.touch(connection, id_)
            await self._deps.finish(connection, "plain_device_credentials_renewed", id_, caller)
            collector = require_collector(await self._store.by_id(connection, id_))
        self._deps.changed()
        return collector, self._credentials(device, password, endpoint)

    async def _new_password(self, connection: Connection, device: PlainDevice) -> str:
        password = self._deps.new_secret()
        sealed = self._deps.vault.seal(password.encode(), SEAL_PURPOSE, device.username)
        await self._broker.put(
            connection,
            device.username,
            "plain-device",
            sealed,
            has_free_client_id=device.has_free_client_id,
        )
        return password

    def _credentials(self, device: PlainDevice, password: str, endpoint: tuple[str, str | None]) -> PlainCredentials:
        url, ca = endpoint
        parts = urlsplit(url)
        tls12 = urlsplit(self._endpoint.tls12_url or "")
        return PlainCredentials(
            device.username,
            password,
            None if device.has_free_client_id else device.username,
            f"{self._endpoint.prefix}/{TELEMETRY_PLAIN.address(device=device.username)}",
            parts.hostname or "",
            parts.port or 8883,
            tls12.port,
            ca,
        )
