"""The naive peer of the credential mirror: it sends the whole set to every collector on every change. Messages, sizes,
signatures and seals are the same. It is better off than a real one: it has no database, builds the records of a change
once for all collectors, and its receivers open each message but store nothing."""

import asyncio
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from benchmarks.mirror_collectors import Member, Plan
from benchmarks.mirror_stage import Watch, account_id, email_of, new_bus, text_of
from benchmarks.stage import Servers, now_micros
from pulse_contracts.mirror import MirrorRecord, mirror_digest, record_hash
from pulse_contracts.topics import USERS_SYNC
from pulse_desktop.core.mirror.keystore import Kept
from pulse_jose import SealingKey, SigningKey
from pulse_jose.mirror_keys import KeyPlace
from pulse_sync_publisher.model.messages import MessageMaker
from pulse_sync_publisher.model.progress import Progress
from pulse_sync_publisher.model.records import cut


@dataclass(frozen=True)
class Outcome:
    """One change. `bytes`: of the messages to all collectors."""

    seconds: float
    bytes: int


class NaivePublisher:
    """Publishes with sync-publisher's broker account to collectors of its own."""

    def __init__(self, backend: Servers, devices: Sequence[str], accounts: int, verifier: str) -> None:
        self.bus = new_bus(backend, "sync-publisher", "bench-naive")
        signing = SigningKey.generate()
        self._maker = MessageMaker(signing, now_micros)
        self._keys = {one: KeyPlace(one, 1, 0).sealing_key(secrets.token_bytes(32)) for one in devices}
        self._verifier, self._count, self._ver = verifier, accounts, 0
        self._messages = 0
        self._records = [self._record(number) for number in range(accounts)]
        members = [Member(one, backend.passwords[one], "", _kept(one, key)) for one, key in self._keys.items()]
        self.plan = Plan(backend.mqtt_url, members, json.dumps(signing.verification_key().to_jwk()))

    def _record(self, number: int) -> MirrorRecord:
        self._ver += 1
        return MirrorRecord(
            account=account_id(number),
            ver=self._ver,
            src=self._ver,
            state="live",
            email=email_of(number),
            name=f"Person {number}, version {self._ver}",
            role="user",
            verifier=self._verifier,
            lease=259_200,
        )

    async def change(self, watch: Watch) -> Outcome:
        """Changes one account. Returns when every collector has opened the whole set."""
        began, total = time.monotonic(), 0
        number = self._ver % self._count
        self._records[number] = self._record(number)
        texts = [(one.ver, one.model_dump_json().encode()) for one in self._records]
        set_ = mirror_digest((one.account, one.ver, one.state, record_hash(one)) for one in self._records)
        parts = list(cut(texts))
        async with asyncio.TaskGroup() as group:
            for device, key in self._keys.items():
                for message in self._maker.snapshot(Progress(device, seq=self._ver), key, parts, self._ver, set_):
                    total += len(message.signed)
                    group.create_task(self.bus.publish(USERS_SYNC, message, device=device))
                await asyncio.sleep(0)
        self._messages += len(parts)
        opened = await watch.reached(list(self._keys), self._messages)
        return Outcome(max(opened) - began, total)


def _kept(device: str, key: SealingKey) -> str:
    return Kept(device=device, gen=1, roots="", seal_key=SecretStr(text_of(key.secret)), data_key=None).dumped()
