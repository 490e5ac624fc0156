"""Enrolment: a collector that holds a one-time code gets its keys and its account at the broker (protocol B1)."""

import json
import logging
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pulse_auth.actions.collectors import CODE_PURPOSE, SEAL_PURPOSE, CollectorMeans
from pulse_auth.model.collectors import Collector, EnrolmentFailed
from pulse_auth.store.broker import BrokerStore
from pulse_auth.store.collectors import CodeStore, CollectorStore, Enrolled
from pulse_auth.store.signing_root import RootStore
from pulse_chassis.http.problems import TooManyRequests
from pulse_chassis.identity.caller import Caller
from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.enrolment import EnrolledDevice, EnrolmentAnswer, EnrolmentOffer
from pulse_contracts.errors import DomainError
from pulse_jose import SigningKey
from pulse_jose.enrolment import EnrolmentRefused, answer_offer, check_offer, read_code_id, read_public_key
from pulse_postgres import Connection, LimitStore, Rate, limit_key

log = logging.getLogger("pulse.auth")
ROOT_PURPOSE, MIRROR_PURPOSE = "signing root", "mirror key"


class BrokerUnknown(DomainError):
    """Nobody can be enrolled: auth was not told where the broker is, or does not keep its accounts. The code is still
    good."""

    code, status = "broker_unknown", 503

    def __init__(self, why: str) -> None:
        super().__init__(f"nobody can be enrolled: {why}; the code stays good")
        self.retry_after = timedelta(minutes=1)


@dataclass(frozen=True)
class BrokerEndpoint:
    """Where collectors find the broker, and whose certificate they take. The file is read at each enrolment, because
    authorities are renewed. `is_kept`: auth makes the broker's accounts, without which no collector gets in.
    `tls12_url`: a listener that also takes TLS 1.2, for small devices."""

    broker_url: str | None
    ca_file: Path | None
    prefix: str
    is_kept: bool
    tls12_url: str | None = None

    def read(self) -> tuple[str, str | None]:
        """Raises BrokerUnknown."""
        if not self.broker_url:
            raise BrokerUnknown("PULSE_BROKER_URL is not set")
        if not self.is_kept:
            raise BrokerUnknown("auth does not keep this broker's accounts (PULSE_BROKER_ADMIN_PASSWORD is not set)")
        try:
            return self.broker_url, self.ca_file.read_text() if self.ca_file else None
        except OSError as error:
            log.error("the broker's authorities cannot be read: %s: %s", self.ca_file, error.strerror)  # noqa: TRY400  # where it lies says all
            raise BrokerUnknown("the broker's authorities cannot be read") from error


class Enrolment:
    """`rate`: how many attempts are taken from everybody together, and from each address that is known."""

    def __init__(self, means: CollectorMeans, where: BrokerEndpoint, rate: Rate) -> None:
        self._means, self._where, self._rate = means, where, rate
        self._store, self._codes, self._broker = CollectorStore(), CodeStore(), BrokerStore()
        self._limits, self._roots = LimitStore(), RootStore()

    async def __call__(self, offer: EnrolmentOffer, client: str | None, caller: Caller) -> EnrolmentAnswer:
        """Uses the code up. Raises EnrolmentFailed, BrokerUnknown, TooManyRequests, Unavailable."""
        where = self._where.read()
        async with self._means.database.transaction() as connection:
            outcome = await self._try(connection, offer, where, (client, caller))
        if isinstance(outcome, DomainError):
            raise outcome
        self._means.changed()
        return outcome

    async def _try(
        self,
        connection: Connection,
        offer: EnrolmentOffer,
        where: tuple[str, str | None],
        who: tuple[str | None, Caller],
    ) -> EnrolmentAnswer | DomainError:
        client, caller = who
        now = self._means.now()
        wait = await self._limits.take(connection, limit_key("enrol", client or "all"), self._rate, now)
        if wait:
            return TooManyRequests(wait)
        try:
            code = read_code_id(offer)
            owner = await self._codes.owner(connection, code)
            collector = await self._store.lock(connection, owner) if owner else None
            sealed = await self._codes.find(connection, code, now) if collector else None
            if collector is not None and sealed is not None:
                key = self._means.vault.unseal(sealed, CODE_PURPOSE, collector.id)
                check_offer(offer, key)
                return await self._enrol(connection, offer, key, (collector, where, caller))
        except EnrolmentRefused:
            pass  # answered and noted as an unknown code is
        await self._means.note(connection, "enrolment_refused", None, caller)
        return EnrolmentFailed("the code is unknown, used or expired: ask for a new one")

    async def _enrol(
        self,
        connection: Connection,
        offer: EnrolmentOffer,
        key: bytes,
        what: tuple[Collector, tuple[str, str | None], Caller],
    ) -> EnrolmentAnswer:
        means, (collector, (broker_url, ca), caller) = self._means, what
        secret = means.new_secret()
        told = EnrolledDevice(
            device=collector.id,
            name=collector.particulars.name,
            gen=collector.gen + 1,
            broker_url=broker_url,
            password=secret,
            prefix=self._where.prefix,
            ca=ca,
            roots=[await self._root(connection)],
        )
        payload = told.model_dump_json().encode()
        answer, seal_key = answer_offer(offer, key, payload, means.entropy, lambda: means.clock() / 1e6)
        kept = means.vault.seal(seal_key, MIRROR_PURPOSE, collector.id)
        public = read_public_key(offer)
        await self._codes.drop(connection, collector.id)
        gen = await self._store.enrol(connection, collector.id, Enrolled(public, kept, means.now()))
        await self._broker.put(
            connection, collector.id, "collector", means.vault.seal(secret.encode(), SEAL_PURPOSE, collector.id)
        )
        await self._broker.enable(connection, collector.id, is_enabled=collector.state != "disabled")
        await means.note(connection, "collector_enrolled", collector.id, caller, (None, {"gen": gen}))
        return answer

    async def _root(self, connection: Connection) -> VerificationKeyRecord:
        """The key that collectors pin, made at the first enrolment."""
        found = await self._roots.get(connection)
        if found is None:
            key = SigningKey.generate()
            sealed = self._means.vault.seal(key.to_pem(), ROOT_PURPOSE, key.kid)
            public = json.dumps(key.verification_key().to_jwk())
            found = await self._roots.put_first(connection, key.kid, public, sealed)
        jwk = json.loads(found[1])
        return VerificationKeyRecord(kid=found[0], x=jwk["x"], y=jwk["y"], not_before=0)
