"""Sends signed commands to collectors, and stores their outcomes (protocol C)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from pulse_bus import Bus, Disconnected, MessageTooLarge, PublishRefused
from pulse_chassis.identity.caller import SYSTEM, Caller
from pulse_chassis.observability.metrics import Metrics
from pulse_contracts.auth import VerificationKeyRecord
from pulse_contracts.commands import COMMAND_TYPE, MAX_LIFETIME, Command, CommandMessage, CommandReply
from pulse_contracts.errors import Unavailable
from pulse_contracts.times import from_micros
from pulse_contracts.topics import SYSTEM_COMMAND, SYSTEM_KEY
from pulse_contracts.trust import AnnouncedKey, KeyAnnounced
from pulse_jose import MessageSigner, SealingKey, SigningKey, seal
from pulse_jose.vault import Vault, VaultClosed
from pulse_postgres import AuditEntry, Database
from pulse_postgres.audit import Detail
from pulse_telemetry_gateway.actions.audit_trail import AuditTrail
from pulse_telemetry_gateway.model.commands import (
    UNKNOWN_AFTER,
    CommandRequest,
    CommandsNotConfigured,
    PlainDeviceHasNoCommands,
    SentCommand,
    UnknownCommand,
)
from pulse_telemetry_gateway.model.errors import UnknownDevice
from pulse_telemetry_gateway.store.commands import CommandStore

log = structlog.get_logger("pulse.commands")
SERVICE = "telemetry-gateway"
_PURPOSE = "command signing key"
_LIFETIME = timedelta(seconds=MAX_LIFETIME)
_MARKED_AT_ONCE = 100


@dataclass(frozen=True)
class CommandDependencies:
    """Dependencies of commands. `key`: PULSE_GATEWAY_KEY, which auth has as well; None: commands are not configured.
    `clock` in microseconds."""

    database: Database
    bus: Bus
    audit: AuditTrail
    key: bytes | None
    clock: Callable[[], int]
    new_id: Callable[[], UUID]

    def seconds(self) -> float:
        """The time in seconds since 1970."""
        return self.clock() / 1e6


class Commands:
    """Sends commands and receives their replies."""

    def __init__(self, deps: CommandDependencies, metrics: Metrics) -> None:
        self._deps, self._store = deps, CommandStore(deps.database)
        self._signing: SigningKey | None = None
        self._sent = metrics.counter("commands_total", "Commands sent to collectors, by action.", ["action"])
        self._replies = metrics.counter(
            "command_replies_total", "Replies of collectors to commands, by outcome or `ignored`.", ["outcome"]
        )

    async def send(self, device: str, request: CommandRequest, caller: Caller) -> SentCommand:
        """Signs, records and publishes a command. It is published once and expires within 60 s. Raises UnknownDevice,
        PlainDeviceHasNoCommands, CommandsNotConfigured, Unavailable."""
        deps = self._deps
        key = await self._signing_key()
        is_plain = await self._store.is_plain(device)
        if is_plain is None:
            raise UnknownDevice(f"unknown device {device}")
        if is_plain:
            raise PlainDeviceHasNoCommands(f"{device} is a plain device, which executes no commands.")
        async with deps.database.transaction() as connection:
            now = from_micros(deps.clock())
            number = await self._store.next_number(connection, device, now)
            sent = SentCommand(deps.new_id(), device, number, request, caller.account, now, now + _LIFETIME)
            await self._store.add(connection, sent)
            detail: Detail = {
                "command": str(sent.id),
                "action": request.action,
                "seconds": request.seconds,
                "lines": request.lines,
            }
            entry = AuditEntry(
                "command_sent", caller.account, f"device:{device}", None, detail, caller.address, caller.request_id
            )
            await deps.audit.append(connection, entry)
        try:
            await deps.bus.publish(SYSTEM_COMMAND, self._signed(sent, key), device=device)
        except (Disconnected, PublishRefused, MessageTooLarge) as error:
            await self._store.not_sent(sent.id, "broker_unavailable", from_micros(deps.clock()))
            raise Unavailable("The broker did not accept the command. It was not executed. Try again.") from error
        self._sent.labels(request.action).inc()
        return sent

    async def receive(self, device: str, reply: CommandReply) -> None:
        """Stores a reply. A reply to an unknown command, or to one with a final outcome, is counted and ignored. Raises
        Unavailable."""
        is_new = await self._store.answer(device, reply, from_micros(self._deps.clock()))
        self._replies.labels(reply.outcome if is_new else "ignored").inc()

    async def mark_unknown(self) -> bool:
        """Gives commands the outcome `unknown` that a collector accepted `UNKNOWN_AFTER` ago without reporting an
        outcome, for example because its process died. Returns whether there may be more. Raises Unavailable."""
        before = from_micros(self._deps.clock()) - UNKNOWN_AFTER
        async with self._deps.database.transaction() as connection:
            marked = await self._store.mark_unknown(connection, before, _MARKED_AT_ONCE)
            for id_, device, action in marked:
                detail: Detail = {"command": str(id_), "action": action, "reason": "no_outcome_reported"}
                entry = AuditEntry("command_outcome_unknown", SYSTEM.account, f"device:{device}", None, detail)
                await self._deps.audit.append(connection, entry)
        for id_, device, action in marked:
            log.info("command_outcome_unknown", command=str(id_), device=device, action=action)
        return len(marked) == _MARKED_AT_ONCE

    async def find(self, device: str, id_: UUID) -> SentCommand:
        """One command. Raises UnknownCommand, Unavailable."""
        found = await self._store.find(device, id_)
        if found is None:
            raise UnknownCommand(f"{device} has no command {id_}.")
        return found

    async def history(self, device: str, before: int | None, limit: int) -> list[SentCommand]:
        """The commands of a device, newest first. Raises UnknownDevice, Unavailable."""
        if await self._store.is_plain(device) is None:
            raise UnknownDevice(f"unknown device {device}")
        return list(await self._store.history(device, before, limit))

    async def announce(self) -> None:
        """Tells auth the key that signs commands, so that auth signs it for the collectors. Call it on each connect. An
        outage is not an error: the next connect announces again."""
        if self._deps.key is None:
            return
        try:
            key = await self._signing_key()
            jwk = key.verification_key().to_jwk()
            record = VerificationKeyRecord(kid=key.kid, x=str(jwk["x"]), y=str(jwk["y"]), not_before=0)
            payload = AnnouncedKey(purpose="command", key=record).model_dump_json().encode()
            sealing = SealingKey(SERVICE, self._deps.key)
            sealed = seal(payload, sealing, self._deps.seconds, {"service": SERVICE})
            await self._deps.bus.publish(SYSTEM_KEY, KeyAnnounced(sealed=sealed), service=SERVICE)
        except (Unavailable, PublishRefused) as error:
            log.info("command_key_not_announced", reason=str(error))

    def _signed(self, sent: SentCommand, key: SigningKey) -> CommandMessage:
        at = self._deps.clock()
        command = Command(
            to=sent.device,
            n=sent.n,
            id=str(sent.id),
            action=sent.request.action,
            at=at,
            expires=at + MAX_LIFETIME * 1_000_000,
            seconds=sent.request.seconds,
            lines=sent.request.lines,
            by=sent.actor,
        )
        signer = MessageSigner(key, COMMAND_TYPE, self._deps.seconds)
        return CommandMessage(signed=signer.sign(command.model_dump_json(exclude_none=True).encode()))

    async def _signing_key(self) -> SigningKey:
        """The key of all replicas. The first one makes it, also when PULSE_GATEWAY_KEY was replaced: the old key cannot
        be opened any more. Raises CommandsNotConfigured, Unavailable."""
        if self._deps.key is None:
            raise CommandsNotConfigured
        if self._signing is None:
            vault = Vault(self._deps.key, self._deps.clock)
            stored = await self._store.signing_key()
            if stored is None:
                fresh = SigningKey.generate()
                sealed = vault.seal(fresh.to_pem(), _PURPOSE, SERVICE)
                await self._store.put_signing_key(fresh.kid, sealed, from_micros(self._deps.clock()))
                stored = await self._store.signing_key()
            if stored is None:
                raise LookupError("the signing key of commands vanished")
            try:
                pem = vault.unseal(stored[1], _PURPOSE, SERVICE)
            except VaultClosed as error:
                log.warning("command_key_replaced", reason=str(error))
                fresh = SigningKey.generate()
                sealed, now = vault.seal(fresh.to_pem(), _PURPOSE, SERVICE), from_micros(self._deps.clock())
                await self._store.replace_signing_key(stored[0], fresh.kid, sealed, now)
                return await self._signing_key()  # another replica may have been faster
            self._signing = SigningKey.from_pem(pem, kid=stored[0])
        return self._signing
