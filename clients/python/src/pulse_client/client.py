"""The HTTP APIs as methods. Long lists are asynchronous iterators that fetch one page at a time."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from uuid import UUID

import httpx

from pulse_client.credentials import ApiKey, Password
from pulse_client.models import (
    Account,
    AccountLink,
    ApiKeyInfo,
    AuditRecord,
    Device,
    Epoch,
    Ledger,
    NewApiKey,
    Reading,
    RunningSession,
    Sampled,
    Series,
)
from pulse_client.transport import Transport

Service = Literal["auth", "users", "telemetry"]


class PulseClient:
    """A client of one installation for one account. Every method raises PulseError.

    `url`: the public address. `retry_seconds`: how long a call retries while a service is busy or restarting. `http`:
    a connection pool to use; the caller closes it.
    """

    def __init__(
        self,
        url: str,
        credentials: ApiKey | Password,
        *,
        retry_seconds: float = 30.0,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._http = http or httpx.AsyncClient(timeout=httpx.Timeout(30.0))
        self._is_own = http is None
        self._transport = Transport(url, credentials, retry_seconds=retry_seconds, http=self._http)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_own:
            await self._http.aclose()

    async def profile(self) -> Account:
        """The account of this client."""
        return Account.model_validate(await self._transport.call("GET", "/api/profile"))

    async def accounts(
        self,
        *,
        search: str | None = None,
        role: str | None = None,
        state: str | None = None,
        sort: str | None = None,
        page: int = 200,
    ) -> AsyncIterator[Account]:
        """Every account that matches. `page`: accounts per request."""
        filters = {"search": search, "role": role, "state": state, "sort": sort}
        params: dict[str, Any] = {name: value for name, value in filters.items() if value is not None}
        params["limit"] = page
        while True:
            answer = await self._transport.call("GET", "/api/users", params=params)
            for item in answer["items"]:
                yield Account.model_validate(item)
            if answer["next"] is None:
                return
            params["cursor"] = answer["next"]

    async def account(self, account: UUID | str) -> Account:
        """One account, with its current version."""
        return Account.model_validate(await self._transport.call("GET", f"/api/users/{account}"))

    async def create_account(self, email: str, name: str, role: str = "user", password: str | None = None) -> Account:
        """Creates an account. An account without a password needs an invitation: see `invite`."""
        body = {"email": email, "name": name, "role": role} | ({} if password is None else {"password": password})
        return Account.model_validate(await self._transport.call("POST", "/api/users", body=body))

    async def update_account(
        self, account: Account, *, email: str | None = None, name: str | None = None, role: str | None = None
    ) -> Account:
        """Changes the given fields. Raises `precondition_failed` when the account is newer than `account`."""
        body = {"email": email or account.email, "name": name or account.name, "role": role or account.role}
        path = f"/api/users/{account.id}"
        return Account.model_validate(await self._transport.call("PUT", path, body=body, headers=_if_match(account)))

    async def toggle_account(self, account: Account) -> Account:
        """Disables or enables the account. Disabling ends its sessions."""
        path = f"/api/users/{account.id}/toggle-status"
        return Account.model_validate(await self._transport.call("PUT", path, headers=_if_match(account)))

    async def delete_account(self, account: Account) -> None:
        """Deletes the account. Its e-mail can be used again."""
        await self._transport.call("DELETE", f"/api/users/{account.id}", headers=_if_match(account))

    async def invite(self, account: Account | UUID | str, *, mail: bool = False) -> AccountLink:
        """Creates a link to set the first password. `mail`: also send it by e-mail."""
        return await self._link(account, "invitation", mail=mail)

    async def reset(self, account: Account | UUID | str, *, mail: bool = False) -> AccountLink:
        """Creates a link to reset the password. `mail`: also send it by e-mail."""
        return await self._link(account, "reset", mail=mail)

    async def _link(self, account: Account | UUID | str, what: str, *, mail: bool) -> AccountLink:
        id_ = account.id if isinstance(account, Account) else account
        answer = await self._transport.call("POST", f"/api/users/{id_}/{what}", body={"mail": mail})
        return AccountLink.model_validate(answer)

    async def sessions(self) -> list[RunningSession]:
        """The active sessions of this account."""
        answer = await self._transport.call("GET", "/api/auth/sessions")
        return [RunningSession.model_validate(item) for item in answer["items"]]

    async def end_session(self, session: RunningSession | UUID | str) -> None:
        """Ends a session of this account."""
        id_ = session.id if isinstance(session, RunningSession) else session
        await self._transport.call("DELETE", f"/api/auth/sessions/{id_}")

    async def api_keys(self) -> list[ApiKeyInfo]:
        """The API keys of this account."""
        answer = await self._transport.call("GET", "/api/auth/api-keys")
        return [ApiKeyInfo.model_validate(item) for item in answer["items"]]

    async def create_api_key(self, name: str, scope: list[str], expires_in_days: int = 90) -> NewApiKey:
        """Creates an API key that is limited to `scope`."""
        body = {"name": name, "scope": scope, "expires_in_days": expires_in_days}
        return NewApiKey.model_validate(await self._transport.call("POST", "/api/auth/api-keys", body=body))

    async def revoke_api_key(self, key: ApiKeyInfo | UUID | str) -> None:
        """Revokes an API key and every token that was issued for it."""
        id_ = key.id if isinstance(key, ApiKeyInfo) else key
        await self._transport.call("DELETE", f"/api/auth/api-keys/{id_}")

    async def audit(
        self, service: Service, *, kind: str | None = None, actor: str | None = None
    ) -> AsyncIterator[AuditRecord]:
        """The audit trail of one service, newest first."""
        params: dict[str, Any] = {name: value for name, value in {"kind": kind, "actor": actor}.items() if value}
        while True:
            answer = await self._transport.call("GET", f"/api/{service}/audit", params=params)
            for item in answer["items"]:
                yield AuditRecord.model_validate(item)
            if answer["next"] is None:
                return
            params["before"] = answer["next"]

    async def devices(self) -> AsyncIterator[Device]:
        """Every device."""
        params: dict[str, Any] = {}
        while True:
            answer = await self._transport.call("GET", "/api/telemetry/devices", params=params)
            for item in answer["items"]:
                yield Device.model_validate(item)
            if answer["next"] is None:
                return
            params["after"] = answer["next"]

    async def series(self, device: str | None = None) -> list[Series]:
        """The series of one device, or of every device."""
        params: dict[str, Any] = {} if device is None else {"device": device}
        found: list[Series] = []
        while True:
            answer = await self._transport.call("GET", "/api/telemetry/series", params=params)
            found += [Series.model_validate(item) for item in answer["items"]]
            if answer["next"] is None:
                return found
            params["after"] = answer["next"]

    async def sampled(self, series: int, start: datetime | int, end: datetime | int, points: int = 1_200) -> Sampled:
        """At most `points` readings of [start, end), including every extreme. Times: timezone-aware, or
        microseconds."""
        params = {"from": _micros(start), "to": _micros(end), "points": points}
        return Sampled.model_validate(
            await self._transport.call("GET", f"/api/telemetry/series/{series}/readings", params=params)
        )

    async def readings(self, series: int, start: datetime | int, end: datetime | int) -> AsyncIterator[Reading]:
        """Every reading of [start, end), ordered by (time, epoch, sequence number)."""
        params: dict[str, Any] = {"from": _micros(start), "to": _micros(end), "raw": "true"}
        while True:
            page = await self._transport.call("GET", f"/api/telemetry/series/{series}/readings", params=params)
            for t, v, epoch, seq in zip(page["t"], page["v"], page["epoch"], page["seq"], strict=True):
                yield Reading(t, v, epoch, seq)
            if page["next"] is None:
                return
            params["cursor"] = page["next"]

    async def ledger(self, device: str) -> Ledger:
        """The ledger of one device: for every epoch, what happened to each sequence number."""
        params: dict[str, Any] = {}
        epochs: list[Epoch] = []
        while True:
            answer = await self._transport.call("GET", f"/api/telemetry/devices/{device}/ledger", params=params)
            page = Ledger.model_validate(answer)
            epochs += page.epochs
            if answer["next"] is None:
                return page.model_copy(update={"epochs": epochs})
            params["after"] = answer["next"]

    async def export(
        self,
        series: list[int],
        start: datetime | int,
        end: datetime | int,
        path: Path,
        form: Literal["csv", "parquet"] = "csv",
    ) -> int:
        """Writes every reading to a file; returns its size in bytes. An incomplete file is called `.part`."""
        params = {"series": ",".join(map(str, series)), "from": _micros(start), "to": _micros(end), "format": form}
        part = path.with_name(path.name + ".part")
        size = 0
        async with self._transport.stream("/api/telemetry/export", params) as answer:
            with part.open("wb") as file:
                async for piece in answer.aiter_bytes():
                    size += file.write(piece)
        part.replace(path)
        return size


def _if_match(account: Account) -> dict[str, str]:
    return {"If-Match": f'"{account.version}"'}


def _micros(at: datetime | int) -> int:
    if isinstance(at, int):
        return at
    if at.tzinfo is None:
        raise ValueError("use a time with a timezone, for example datetime.now(UTC)")
    return round(at.timestamp() * 1_000_000)
