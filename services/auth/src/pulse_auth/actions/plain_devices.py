"""Plain devices: any MQTT device, made with everything that it needs to connect in one answer."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pulse_auth.actions.collectors import SEAL_PURPOSE, CollectorMeans, found_collector, particulars_detail
from pulse_auth.actions.enrolment import BrokerEndpoint
from pulse_auth.model.collectors import Collector, CollectorExists, Particulars, PlainDevice, require_kind
from pulse_auth.store.broker import BrokerStore
from pulse_auth.store.collectors import CollectorStore
from pulse_chassis.identity.caller import Caller
from pulse_contracts.topics import TELEMETRY_PLAIN
from pulse_postgres import Connection


@dataclass(frozen=True)
class PlainCredentials:
    """What a plain device is set up with. `client_id` is None where any may be used. `tls12_port`: a port that also
    takes TLS 1.2, if the broker has one. `ca`: PEM of the authority that signed the broker's certificate, None for a
    public one."""

    username: str
    password: str = field(repr=False)
    client_id: str | None
    topic: str
    host: str
    port: int
    tls12_port: int | None
    ca: str | None


class PlainDevices:
    """What administrators do with them beside what they do with collectors. Every method raises Unavailable."""

    def __init__(self, means: CollectorMeans, where: BrokerEndpoint) -> None:
        self._means, self._where = means, where
        self._store, self._broker = CollectorStore(), BrokerStore()

    async def create(
        self, device: PlainDevice, given: Particulars, caller: Caller
    ) -> tuple[Collector, PlainCredentials]:
        """A new one. Raises CollectorExists, BrokerUnknown."""
        where = self._where.read()
        async with self._means.database.transaction() as connection:
            if not await self._store.add_plain(connection, device, given, self._means.now()):
                raise CollectorExists(f"there is a device with the id {device.id!r} already")
            password = await self._new_password(connection, device)
            change = {
                **particulars_detail(given),
                "username": device.username,
                "any_client_id": device.has_free_client_id,
            }
            await self._means.note(connection, "plain_device_created", device.id, caller, (None, change))
            collector = found_collector(await self._store.by_id(connection, device.id))
        self._means.changed()
        return collector, self._credentials(device, password, where)

    async def renew(self, id_: str, caller: Caller) -> tuple[Collector, PlainCredentials]:
        """A new password; the one before opens nothing any more, and whoever is connected with it is disconnected. One
        that was given up as lost is taken again. Raises CollectorNotFound, WrongCollectorKind, BrokerUnknown."""
        where = self._where.read()
        async with self._means.database.transaction() as connection:
            collector = found_collector(await self._store.lock(connection, id_))
            require_kind(collector, "plain")
            if collector.state == "lost":
                await self._store.become(connection, id_, "enabled")
            device = PlainDevice(collector.broker_name, collector.has_free_client_id)
            password = await self._new_password(connection, device)
            await self._store.touch(connection, id_)
            await self._means.note(connection, "plain_device_credentials_renewed", id_, caller)
            collector = found_collector(await self._store.by_id(connection, id_))
        self._means.changed()
        return collector, self._credentials(device, password, where)

    async def _new_password(self, connection: Connection, device: PlainDevice) -> str:
        password = self._means.new_secret()
        sealed = self._means.vault.seal(password.encode(), SEAL_PURPOSE, device.username)
        await self._broker.put(
            connection,
            device.username,
            "plain-device",
            sealed,
            has_free_client_id=device.has_free_client_id,
        )
        return password

    def _credentials(self, device: PlainDevice, password: str, where: tuple[str, str | None]) -> PlainCredentials:
        url, ca = where
        parts = urlsplit(url)
        tls12 = urlsplit(self._where.tls12_url or "")
        return PlainCredentials(
            device.username,
            password,
            None if device.has_free_client_id else device.username,
            f"{self._where.prefix}/{TELEMETRY_PLAIN.address(device=device.username)}",
            parts.hostname or "",
            parts.port or 8883,
            tls12.port,
            ca,
        )
