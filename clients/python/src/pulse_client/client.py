"""Everything that the APIs do, as methods. Lists come page by page, as much of them as is asked for."""

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
    """One account's view of one installation. Every method raises PulseError. `url` is the public address; `patience`
    says for how many seconds a call waits out a service that is busy or restarting; `http` replaces the connection
    pool (and is then not closed here)."""

    def __init__(
        self,
        url: str,
        credentials: ApiKey | Password,
        *,
        patience: float = 30.0,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._http = http or httpx.AsyncClient(timeout=httpx.Timeout(30.0))
        self._is_own = http is None
        self._transport = Transport(url, credentials, patience=patience, http=self._http)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_own:
            await self._http.aclose()

    async def profile(self) -> Account:
        """One's own account."""
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
        """Every account that fits. `page`: how many are fetched at once."""
        wanted = {"search": search, "role": role, "state": state, "sort": sort}
        params: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        params["limit"] = page
        while True:
            found = await self._transport.call("GET", "/api/users", params=params)
            for item in found["items"]:
                yield Account.model_validate(item)
            if found["next"] is None:
                return
            params["cursor"] = found["next"]

    async def account(self, account: UUID | str) -> Account:
        """One account as it is now."""
        return Account.model_validate(await self._transport.call("GET", f"/api/users/{account}"))

    async def create_account(self, email: str, name: str, role: str = "user", password: str | None = None) -> Account:
        """A new account. Without a password it is invited: `invite` gives the link."""
        body = {"email": email, "name": name, "role": role} | ({} if password is None else {"password": password})
        return Account.model_validate(await self._transport.call("POST", "/api/users", body=body))

    async def update_account(
        self, account: Account, *, email: str | None = None, name: str | None = None, role: str | None = None
    ) -> Account:
        """Changes what is given. Refused with `precondition_failed` when somebody else changed it after `account`."""
        body = {"email": email or account.email, "name": name or account.name, "role": role or account.role}
        path = f"/api/users/{account.id}"
        return Account.model_validate(await self._transport.call("PUT", path, body=body, headers=_of(account)))

    async def toggle_account(self, account: Account) -> Account:
        """Switches it off or on; off ends its sessions."""
        path = f"/api/users/{account.id}/toggle-status"
        return Account.model_validate(await self._transport.call("PUT", path, headers=_of(account)))

    async def delete_account(self, account: Account) -> None:
        """Deletes it; its e-mail may be used again."""
        await self._transport.call("DELETE", f"/api/users/{account.id}", headers=_of(account))

    async def invite(self, account: Account | UUID | str, *, mail: bool = False) -> AccountLink:
        """A link to set the first password."""
        return await self._link(account, "invitation", mail=mail)

    async def reset(self, account: Account | UUID | str, *, mail: bool = False) -> AccountLink:
        """A link to set another password."""
        return await self._link(account, "reset", mail=mail)

    async def _link(self, account: Account | UUID | str, what: str, *, mail: bool) -> AccountLink:
        id_ = account.id if isinstance(account, Account) else account
        answer = await self._transport.call("POST", f"/api/users/{id_}/{what}", body={"mail": mail})
        return AccountLink.model_validate(answer)

    async def sessions(self) -> list[RunningSession]:
        """Where one is signed in."""
        answer = await self._transport.call("GET", "/api/auth/sessions")
        return [RunningSession.model_validate(item) for item in answer["items"]]

    async def end_session(self, session: RunningSession | UUID | str) -> None:
        """Ends one of one's own sessions."""
        id_ = session.id if isinstance(session, RunningSession) else session
        await self._transport.call("DELETE", f"/api/auth/sessions/{id_}")

    async def api_keys(self) -> list[ApiKeyInfo]:
        """One's own API keys."""
        answer = await self._transport.call("GET", "/api/auth/api-keys")
        return [ApiKeyInfo.model_validate(item) for item in answer["items"]]

    async def create_api_key(self, name: str, scope: list[str], expires_in_days: int = 90) -> NewApiKey:
        """A key that may do what `scope` says and no more."""
        body = {"name": name, "scope": scope, "expires_in_days": expires_in_days}
        return NewApiKey.model_validate(await self._transport.call("POST", "/api/auth/api-keys", body=body))

    async def revoke_api_key(self, key: ApiKeyInfo | UUID | str) -> None:
        """Revokes it, and every token that was made of it."""
        id_ = key.id if isinstance(key, ApiKeyInfo) else key
        await self._transport.call("DELETE", f"/api/auth/api-keys/{id_}")

    async def audit(
        self, service: Service, *, kind: str | None = None, actor: str | None = None
    ) -> AsyncIterator[AuditRecord]:
        """A service's audit trail, newest first."""
        params: dict[str, Any] = {name: value for name, value in {"kind": kind, "actor": actor}.items() if value}
        while True:
            found = await self._transport.call("GET", f"/api/{service}/audit", params=params)
            for item in found["items"]:
                yield AuditRecord.model_validate(item)
            if found["next"] is None:
                return
            params["before"] = found["next"]

    async def devices(self) -> AsyncIterator[Device]:
        """Every device."""
        params: dict[str, Any] = {}
        while True:
            found = await self._transport.call("GET", "/api/telemetry/devices", params=params)
            for item in found["items"]:
                yield Device.model_validate(item)
            if found["next"] is None:
                return
            params["after"] = found["next"]

    async def series(self, device: str | None = None) -> list[Series]:
        """A device's series; without one, those of all devices."""
        params: dict[str, Any] = {} if device is None else {"device": device}
        found: list[Series] = []
        while True:
            answer = await self._transport.call("GET", "/api/telemetry/series", params=params)
            found += [Series.model_validate(item) for item in answer["items"]]
            if answer["next"] is None:
                return found
            params["after"] = answer["next"]

    async def sampled(self, series: int, start: datetime | int, end: datetime | int, points: int = 1_200) -> Sampled:
        """Readings of [start, end), at most `points`; every extreme is among them. Times: aware, or microseconds."""
        params = {"from": _micros(start), "to": _micros(end), "points": points}
        return Sampled.model_validate(
            await self._transport.call("GET", f"/api/telemetry/series/{series}/readings", params=params)
        )

    async def readings(self, series: int, start: datetime | int, end: datetime | int) -> AsyncIterator[Reading]:
        """Every single reading of [start, end), in order of (time, epoch, sequence number)."""
        params: dict[str, Any] = {"from": _micros(start), "to": _micros(end), "raw": "true"}
        while True:
            page = await self._transport.call("GET", f"/api/telemetry/series/{series}/readings", params=params)
            for t, v, epoch, seq in zip(page["t"], page["v"], page["epoch"], page["seq"], strict=True):
                yield Reading(t, v, epoch, seq)
            if page["next"] is None:
                return
            params["cursor"] = page["next"]

    async def ledger(self, device: str) -> Ledger:
        """The proof of what became of everything a device counted: all its epochs."""
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
        """Writes every reading to a file, and returns its bytes. What was begun lies beside it as `.part`."""
        params = {"series": ",".join(map(str, series)), "from": _micros(start), "to": _micros(end), "format": form}
        part = path.with_name(path.name + ".part")
        size = 0
        async with self._transport.stream("/api/telemetry/export", params) as answer:
            with part.open("wb") as file:
                async for piece in answer.aiter_bytes():
                    size += file.write(piece)
        part.replace(path)
        return size


def _of(account: Account) -> dict[str, str]:
    return {"If-Match": f'"{account.version}"'}


def _micros(at: datetime | int) -> int:
    if isinstance(at, int):
        return at
    if at.tzinfo is None:
        raise ValueError("give a time with a zone, such as datetime.now(UTC)")
    return round(at.timestamp() * 1_000_000)
