"""Mosquitto's dynamic security over MQTT: JSON commands on a control topic, and answers to the sender.

Mosquitto 2.0 writes its whole file for each command and blocks all clients meanwhile (25 ms per command with 2,000
devices). Commands are therefore sent a few at a time with pauses in between. One account needs two to four commands.
"""

import asyncio
import contextlib
import json
import logging  # aiomqtt requires a logger of the standard library
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import aiomqtt
import structlog

from pulse_bus.credentials import BrokerAccount, BrokerRefused, BrokerUnreachable, ObservedAccount, Stored
from pulse_bus.dynsec import STORED, acls, client_fields, observed, role_name
from pulse_bus.mqtt.peer import peer_certificate
from pulse_bus.mqtt.settings import MqttSettings
from pulse_contracts.access import ADMIN

log = structlog.get_logger("pulse.bus.dynsec")
_TOPIC: Final = "$CONTROL/dynamic-security/v1"
_PAGE: Final = 200
_COMMANDS_PER_PUBLISH: Final = 10
"""Enough for five new accounts."""
_PAUSE_SECONDS: Final = 0.05
"""Time between two publishes with changes."""

Command = dict[str, object]


class DynamicSecurity:
    """`BrokerCredentials` over one connection of the administrator. Create it with `open`. Only one task may use it at
    a time."""

    def __init__(self, client: aiomqtt.Client, settings: MqttSettings, timeout: timedelta) -> None:
        self._client, self._settings, self._timeout = client, settings, timeout.total_seconds()
        self._pending: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        self.ended = asyncio.Event()
        self.stored = Stored()

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: MqttSettings, deadline: timedelta = timedelta(seconds=30)
    ) -> "AsyncIterator[DynamicSecurity]":
        """Connects as the administrator. Raises BrokerUnreachable when the connection fails. After the connection has
        ended, every method raises it."""
        async with contextlib.AsyncExitStack() as stack:
            try:
                client = _client(settings)
                await stack.enter_async_context(_connected(client))
                await client.subscribe(f"{_TOPIC}/response", qos=1)
                await client.subscribe(STORED, qos=0)  # a broker that does not grant it reports no queue totals
            except (aiomqtt.MqttError, OSError) as error:
                raise BrokerUnreachable(str(error) or type(error).__name__) from error
            security = cls(client, settings, deadline)
            receiving = asyncio.ensure_future(security._receive())  # cancelled below
            try:
                yield security
            finally:
                receiving.cancel()
                await asyncio.wait([receiving])

    async def certificate_expiry(self) -> datetime | None:
        """See `BrokerCredentials.certificate_expiry`. Opens a new connection, because the certificate may have changed
        since the administrator connected."""
        found = await peer_certificate(self._settings)
        return found.expires if found else None

    async def observe(self, names: Sequence[str] | None = None) -> Mapping[str, ObservedAccount]:
        """See `BrokerCredentials.observe`."""
        if names is None:
            clients, roles = await self._list("listClients", "clients"), await self._list("listRoles", "roles")
        else:
            clients = await self._get([{"command": "getClient", "username": name} for name in names], "client")
            held = {str(role["rolename"]) for client in clients for role in client.get("roles", [])}
            roles = await self._get([{"command": "getRole", "rolename": name} for name in sorted(held)], "role")
        by_name = {str(role["rolename"]): role for role in roles}
        accounts = [observed(client, by_name) for client in clients if client["username"] != ADMIN]
        return {account.name: account for account in accounts}

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
        desired, role = account.observed(), role_name(account.name)
        rules = acls(desired.grants)
        commands: list[Command] = []
        if observed is None or observed.grants != desired.grants:
            has_role = await self._get([{"command": "getRole", "rolename": role}], "role")
            commands.append({"command": "modifyRole" if has_role else "createRole", "rolename": role, "acls": rules})
        fields = {"username": account.name, "password": account.secret, **client_fields(account)}
        if observed is None:
            commands.append({"command": "createClient", **fields})
        elif (observed.fingerprint, observed.client_id) != (desired.fingerprint, desired.client_id) or commands:
            # also when only the rules changed: Mosquitto 2.0.11 does not apply a changed role to every open connection
            commands.append({"command": "modifyClient", **fields})
        if observed is None or observed.is_enabled != desired.is_enabled:
            if not desired.is_enabled:
                commands.append({"command": "disableClient", "username": account.name})
            elif observed is not None:
                commands.append({"command": "enableClient", "username": account.name})
        return commands

    async def _change(self, commands: list[Command], allow: str | None = None) -> None:
        for start in range(0, len(commands), _COMMANDS_PER_PUBLISH):
            for answer in await self._run(commands[start : start + _COMMANDS_PER_PUBLISH]):
                error = str(answer.get("error", ""))
                if error and not (allow and allow in error.lower()):
                    raise BrokerRefused(f"{answer.get('command')}: {error}")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _list(self, command: str, member: str) -> list[Mapping[str, Any]]:
        """Returns all items of a paged list. `member` is their name in the answer."""
        items: list[Mapping[str, Any]] = []
        while True:
            (answer,) = await self._run([{"command": command, "verbose": True, "count": _PAGE, "offset": len(items)}])
            if "error" in answer:
                raise BrokerRefused(f"{command}: {answer['error']}")
            page = answer["data"][member]
            items += page
            if not page or len(items) >= answer["data"].get("totalCount", 0):
                return items

    async def _get(self, commands: list[Command], member: str) -> list[Mapping[str, Any]]:
        """Returns the items of several commands and leaves out those that do not exist."""
        items: list[Mapping[str, Any]] = []
        for start in range(0, len(commands), _PAGE):
            for answer in await self._run(commands[start : start + _PAGE]):
                if "error" not in answer:
                    items.append(answer["data"][member])
                elif "not found" not in str(answer["error"]).lower():
                    raise BrokerRefused(f"{answer.get('command')}: {answer['error']}")
        return items

    async def _run(self, commands: list[Command]) -> list[Mapping[str, Any]]:
        if self.ended.is_set():
            raise BrokerUnreachable("the connection ended")
        loop = asyncio.get_running_loop()
        answers: dict[str, asyncio.Future[Mapping[str, Any]]] = {}
        for command in commands:
            key = secrets.token_hex(8)
            command["correlationData"], answers[key] = key, loop.create_future()
        self._pending.update(answers)
        try:
            async with asyncio.timeout(self._timeout):
                await self._client.publish(_TOPIC, json.dumps({"commands": commands}), qos=1)
                return list(await asyncio.gather(*answers.values()))
        except TimeoutError as error:
            raise BrokerUnreachable(f"no answer within {self._timeout:.0f} s") from error
        except (aiomqtt.MqttError, OSError) as error:
            raise BrokerUnreachable(str(error) or type(error).__name__) from error
        finally:
            for key, future in answers.items():
                self._pending.pop(key, None)
                future.cancel()

    async def _receive(self) -> None:
        try:
            async for message in self._client.messages:
                if message.topic.value.startswith("$SYS/"):
                    self._update_stored(message.topic.value, bytes(message.payload or b""))
                    continue
                for answer in json.loads(bytes(message.payload or b"")).get("responses", []):
                    future = self._pending.pop(str(answer.get("correlationData")), None)
                    if future is not None and not future.done():
                        future.set_result(answer)
        except (aiomqtt.MqttError, ValueError) as error:
            log.debug("dynamic_security_disconnected", reason=str(error))
        finally:
            self.ended.set()
            for future in self._pending.values():
                if not future.done():
                    future.set_exception(BrokerUnreachable("the connection ended before the broker answered"))

    def _update_stored(self, topic: str, payload: bytes) -> None:
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
        identifier=f"{settings.client_id}-{secrets.token_hex(4)}",  # unique for each replica
        protocol=aiomqtt.ProtocolVersion.V5,
        tls_context=settings.tls_context(),
        keepalive=int(settings.keepalive.total_seconds()),
        timeout=settings.connect_timeout.total_seconds(),
        logger=logging.getLogger("pulse.bus.aiomqtt"),
    )
    client.pending_calls_threshold = 1_000
    return client


@asynccontextmanager
async def _connected(client: aiomqtt.Client) -> AsyncIterator[None]:
    """The context of the client. Ignores the error of closing a connection that has ended already."""
    await client.__aenter__()
    try:
        yield
    finally:
        with contextlib.suppress(aiomqtt.MqttError):
            await client.__aexit__(None, None, None)
