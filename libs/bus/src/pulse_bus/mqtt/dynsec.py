"""Mosquitto's dynamic security over MQTT: JSON commands on a control topic, answers to whoever asked.

Mosquitto 2.0 writes its whole file at each command and serves nobody meanwhile (25 ms a device at 2,000 of them), so
that commands go few at a time with a rest between; one account is two to four commands.
"""

import asyncio
import contextlib
import json
import logging
import secrets
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiomqtt

from pulse_bus.credentials import BrokerAccount, BrokerRefused, BrokerUnreachable, ObservedAccount, Stored
from pulse_bus.dynsec import STORED, acls, client_fields, observed, role_name
from pulse_bus.mqtt.settings import MqttSettings
from pulse_contracts.access import ADMIN

log = logging.getLogger("pulse.bus.dynsec")
_TOPIC: Final = "$CONTROL/dynamic-security/v1"
_PAGE: Final = 200
_AT_ONCE: Final = 10
"""Commands in one publish: five new accounts."""
_REST: Final = 0.05
"""Seconds between two publishes that change something."""

Command = dict[str, object]


class DynamicSecurity:
    """`BrokerCredentials` over one connection of the administrator; `open` makes it. Not for use by several tasks at
    once."""

    def __init__(self, client: aiomqtt.Client, settings: MqttSettings, patience: timedelta) -> None:
        self._client, self._settings, self._patience = client, settings, patience.total_seconds()
        self._waiting: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        self.ended = asyncio.Event()
        self.stored = Stored()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: MqttSettings, patience: timedelta = timedelta(seconds=30)
    ) -> "AsyncIterator[DynamicSecurity]":
        """Connects as the administrator. Raises BrokerUnreachable when that fails; when the connection ends later,
        every use raises it."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                client = _client(settings)
                await stack.enter_async_context(_quiet(client))
                await client.subscribe(f"{_TOPIC}/response", qos=1)
                await client.subscribe(STORED, qos=0)  # a broker that grants it not says nothing of its queues
            except (aiomqtt.MqttError, OSError) as error:
                raise BrokerUnreachable(str(error) or type(error).__name__) from error
            made = cls(client, settings, patience)
            hearing = asyncio.ensure_future(made._hear())  # owned here: cancelled below
            try:
                yield made
            finally:
                hearing.cancel()
                await asyncio.wait([hearing])

    async def certificate_ends(self) -> datetime | None:
        """See `BrokerCredentials.certificate_ends`. Asked on a connection of its own, for ours may be older than
        the certificate that the broker shows now."""
        try:
            context = self._settings.tls_context()
            if context is None:
                return None
            async with asyncio.timeout(self._settings.connect_timeout.total_seconds()):
                _, writer = await asyncio.open_connection(*self._settings.host_and_port, ssl=context)
        except (OSError, TimeoutError) as error:
            raise BrokerUnreachable(str(error) or type(error).__name__) from error
        shown = writer.get_extra_info("peercert")
        writer.transport.abort()  # it was asked for nothing but its certificate
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)

    async def observe(self, names: Sequence[str] | None = None) -> Mapping[str, ObservedAccount]:
        """See `BrokerCredentials.observe`."""
        if names is None:
            clients, roles = await self._list("listClients", "clients"), await self._list("listRoles", "roles")
        else:
            clients = await self._get([{"command": "getClient", "username": name} for name in names], "client")
            held = {str(role["rolename"]) for client in clients for role in client.get("roles", [])}
            roles = await self._get([{"command": "getRole", "rolename": name} for name in sorted(held)], "role")
        by_name = {str(role["rolename"]): role for role in roles}
        found = [observed(client, by_name) for client in clients if client["username"] != ADMIN]
        return {one.name: one for one in found}

    async def put(self, account: BrokerAccount, observed: ObservedAccount | None) -> None:
        """See `BrokerCredentials.put`."""
        await self._change(await self._commands(account, observed))

    async def disable(self, names: Sequence[str]) -> None:
        """See `BrokerCredentials.disable`."""
        await self._change([{"command": "disableClient", "username": name} for name in names], allow="not found")

    async def remove(self, name: str) -> None:
        """See `BrokerCredentials.remove`."""
        commands: list[Command] = [{"command": "deleteClient", "username": name}]
        await self._change([*commands, {"command": "deleteRole", "rolename": role_name(name)}], allow="not found")

    async def _commands(self, account: BrokerAccount, observed: ObservedAccount | None) -> list[Command]:
        wanted, role = account.observed(), role_name(account.name)
        rules = acls(wanted.grants)
        commands: list[Command] = []
        if observed is None or observed.grants != wanted.grants:
            has_role = await self._get([{"command": "getRole", "rolename": role}], "role")
            commands.append({"command": "modifyRole" if has_role else "createRole", "rolename": role, "acls": rules})
        fields = {"username": account.name, "password": account.secret, **client_fields(account)}
        if observed is None:
            commands.append({"command": "createClient", **fields})
        elif (observed.mark, observed.client_id) != (wanted.mark, wanted.client_id) or commands:
            # also when only the rules changed: a role that is edited does not reach every open connection (2.0.11)
            commands.append({"command": "modifyClient", **fields})
        if observed is None or observed.is_enabled != wanted.is_enabled:
            if not wanted.is_enabled:
                commands.append({"command": "disableClient", "username": account.name})
            elif observed is not None:
                commands.append({"command": "enableClient", "username": account.name})
        return commands

    async def _change(self, commands: list[Command], allow: str | None = None) -> None:
        for start in range(0, len(commands), _AT_ONCE):
            for answer in await self._run(commands[start : start + _AT_ONCE]):
                error = str(answer.get("error", ""))
                if error and not (allow and allow in error.lower()):
                    raise BrokerRefused(f"{answer.get('command')}: {error}")
            await asyncio.sleep(_REST)

    async def _list(self, command: str, what: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        while True:
            given: Command = {"command": command, "verbose": True, "count": _PAGE, "offset": len(found)}
            (answer,) = await self._run([given])
            if "error" in answer:
                raise BrokerRefused(f"{command}: {answer['error']}")
            page = answer["data"][what]
            found += page
            if not page or len(found) >= answer["data"].get("totalCount", 0):
                return found

    async def _get(self, commands: list[Command], what: str) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for start in range(0, len(commands), _PAGE):
            for answer in await self._run(commands[start : start + _PAGE]):
                if "error" not in answer:
                    found.append(answer["data"][what])
                elif "not found" not in str(answer["error"]).lower():
                    raise BrokerRefused(f"{answer.get('command')}: {answer['error']}")
        return found

    async def _run(self, commands: list[Command]) -> list[Mapping[str, Any]]:
        if self.ended.is_set():
            raise BrokerUnreachable("the connection ended")
        loop = asyncio.get_running_loop()
        waiting: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        for command in commands:
            key = secrets.token_hex(8)
            command["correlationData"], waiting[key] = key, loop.create_future()
        self._waiting.update(waiting)
        try:
            async with asyncio.timeout(self._patience):
                await self._client.publish(_TOPIC, json.dumps({"commands": commands}), qos=1)
                return list(await asyncio.gather(*waiting.values()))
        except TimeoutError as error:
            raise BrokerUnreachable(f"no answer within {self._patience:.0f} s") from error
        except (aiomqtt.MqttError, OSError) as error:
            raise BrokerUnreachable(str(error) or type(error).__name__) from error
        finally:
            for key, future in waiting.items():
                self._waiting.pop(key, None)
                future.cancel()

    async def _hear(self) -> None:
        try:
            async for message in self._client.messages:
                if message.topic.value.startswith("$SYS/"):
                    self._note_stored(message.topic.value, bytes(message.payload or b""))
                    continue
                for answer in json.loads(bytes(message.payload or b"")).get("responses", []):
                    future = self._waiting.pop(str(answer.get("correlationData")), None)
                    if future is not None and not future.done():
                        future.set_result(answer)
        except (aiomqtt.MqttError, ValueError) as error:
            log.debug("dynamic security: %s", error)
        finally:
            self.ended.set()
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(BrokerUnreachable("the connection ended before the broker answered"))

    def _note_stored(self, topic: str, payload: bytes) -> None:
        value = int(payload) if payload.isdigit() else None
        if topic.endswith("/count"):
            self.stored = replace(self.stored, messages=value)
        elif topic.endswith("/bytes"):
            self.stored = replace(self.stored, bytes=value)


def _client(settings: MqttSettings) -> aiomqtt.Client:
    host, port = settings.host_and_port
    client = aiomqtt.Client(
        host,
        port,
        username=settings.username,
        password=settings.password,
        identifier=f"{settings.client_id}-{secrets.token_hex(4)}",  # replicas must not throw each other out
        protocol=aiomqtt.ProtocolVersion.V5,
        tls_context=settings.tls_context(),
        keepalive=int(settings.keepalive.total_seconds()),
        timeout=settings.connect_timeout.total_seconds(),
        logger=logging.getLogger("pulse.bus.aiomqtt"),
    )
    client.pending_calls_threshold = 1_000
    return client


@asynccontextmanager
async def _quiet(client: aiomqtt.Client) -> AsyncIterator[None]:
    """The client's own context; that a connection which is gone cannot be closed in order is nobody's concern."""
    await client.__aenter__()
    try:
        yield
    finally:
        with contextlib.suppress(aiomqtt.MqttError):
            await client.__aexit__(None, None, None)
