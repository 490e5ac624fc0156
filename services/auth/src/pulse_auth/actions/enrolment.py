"""Enrolment: a collector with a one-time code gets its keys and its broker account (protocol B1)."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog

from pulse_auth.actions.collector_events import MIRROR_PURPOSE
from pulse_auth.actions.collectors import CODE_PURPOSE, SEAL_PURPOSE, CollectorDependencies
from pulse_auth.actions.signing_root import SigningRoot
from pulse_auth.model.collectors import Collector, EnrolmentFailed
from pulse_auth.store.broker import BrokerStore
from pulse_auth.store.collectors import CodeStore, CollectorStore, EnrolledKeys
from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.identity.caller import Caller
from pulse_contracts.enrolment import EnrolledDevice, EnrolmentAnswer, EnrolmentOffer
from pulse_contracts.errors import DomainError
from pulse_jose.enrolment import EnrolmentRefused, answer_offer, check_offer, read_code_id, read_public_key
from pulse_postgres import Connection, LimitStore, Rate, limit_key

log = structlog.get_logger("pulse.auth")


class BrokerUnknown(DomainError):
    """auth is not configured for the broker, so collectors cannot be enrolled. The code stays valid."""

    code, status = "broker_unknown", 503

    def __init__(self, why: str) -> None:
        super().__init__(f"Collectors cannot be enrolled: {why}. The code stays valid.")
        self.retry_after = timedelta(minutes=1)


@dataclass(frozen=True)
class BrokerEndpoint:
    """How collectors connect to the broker. `ca_file` is read at each enrolment, because certificate authorities are
    renewed. `is_managed`: auth manages the broker's accounts, without which no collector can connect. `tls12_url`: a
    listener that also accepts TLS 1.2, for small devices."""

    broker_url: str | None
    ca_file: Path | None
    prefix: str
    is_managed: bool
    tls12_url: str | None = None

    def read(self) -> tuple[str, str | None]:
        """The URL and the certificate authorities (PEM), None for a public authority. Raises BrokerUnknown."""
        if not self.broker_url:
            raise BrokerUnknown("PULSE_BROKER_URL is not set")
        if not self.is_managed:
            raise BrokerUnknown("PULSE_BROKER_ADMIN_PASSWORD is not set, so auth does not manage the broker's accounts")
        try:
            return self.broker_url, self.ca_file.read_text() if self.ca_file else None
        except OSError as error:
            log.error("broker_ca_file_unreadable", path=str(self.ca_file), reason=error.strerror)  # noqa: TRY400
            raise BrokerUnknown("the broker's certificate authorities cannot be read (PULSE_MQTT_CA_FILE)") from error


class Enrolment:
    """`rate`: how many attempts each known address may make, or all together if addresses are unknown."""

    def __init__(self, deps: CollectorDependencies, endpoint: BrokerEndpoint, rate: Rate) -> None:
        self._deps, self._endpoint, self._rate = deps, endpoint, rate
        self._store, self._codes, self._broker = CollectorStore(), CodeStore(), BrokerStore()
        self._limits, self._root = LimitStore(), SigningRoot(deps.vault)

    async def __call__(self, offer: EnrolmentOffer, client: str | None, caller: Caller) -> EnrolmentAnswer:
        """Enrols a collector and uses the code up. Raises EnrolmentFailed, BrokerUnknown, TooManyRequests,
        Unavailable."""
        broker = self._endpoint.read()
        async with self._deps.database.transaction() as connection:
            outcome = await self._try(connection, offer, broker, (client, caller))
        if isinstance(outcome, DomainError):
            raise outcome
        self._deps.changed()
        return outcome

    async def _try(
        self,
        connection: Connection,
        offer: EnrolmentOffer,
        broker: tuple[str, str | None],
        sender: tuple[str | None, Caller],
    ) -> EnrolmentAnswer | DomainError:
        client, caller = sender
        now = self._deps.now()
        wait = await self._limits.take(connection, limit_key("enrol", client or "all"), self._rate, now)
        if wait:
            return TooManyRequests(wait)
        try:
            code = read_code_id(offer)
            owner = await self._codes.owner(connection, code)
            collector = await self._store.lock(connection, owner) if owner else None
            sealed = await self._codes.find(connection, code, now) if collector else None
            if collector is not None and sealed is not None:
                key = self._deps.vault.unseal(sealed, CODE_PURPOSE, collector.id)
                check_offer(offer, key)
                return await self._enrol(connection, offer, key, (collector, broker, caller))
        except EnrolmentRefused:
            pass  # same answer and audit entry as for an unknown code
        await self._deps.finish(connection, "enrolment_refused", None, caller)
        return EnrolmentFailed("The code is unknown, used or expired. Ask for a new one.")

    async def _enrol(
        self,
        connection: Connection,
        offer: EnrolmentOffer,
        key: bytes,
        enrolling: tuple[Collector, tuple[str, str | None], Caller],
    ) -> EnrolmentAnswer:
        deps, (collector, (broker_url, ca), caller) = self._deps, enrolling
        secret = deps.new_secret()
        content = EnrolledDevice(
            device=collector.id,
            name=collector.description.name,
            gen=collector.gen + 1,
            broker_url=broker_url,
            password=secret,
            prefix=self._endpoint.prefix,
            ca=ca,
            roots=[await self._root.public(connection)],
        )
        payload = content.model_dump_json().encode()
        answer, seal_key = answer_offer(offer, key, payload, deps.entropy, lambda: deps.clock() / 1e6)
        sealed_key = deps.vault.seal(seal_key, MIRROR_PURPOSE, collector.id)
        public = read_public_key(offer)
        await self._codes.drop(connection, collector.id)
        gen = await self._store.enrol(connection, collector.id, EnrolledKeys(public, sealed_key, deps.now()))
        await self._broker.put(
            connection, collector.id, "collector", deps.vault.seal(secret.encode(), SEAL_PURPOSE, collector.id)
        )
        await self._broker.enable(connection, collector.id, is_enabled=collector.state != "disabled")
        await deps.finish(connection, "collector_enrolled", collector.id, caller, (None, {"gen": gen}))
        return answer
