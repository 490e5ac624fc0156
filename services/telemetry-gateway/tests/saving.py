"""People who save things over HTTP, for tests of dashboards, questions and annotations."""

from dataclasses import dataclass
from typing import Any

import httpx

from pulse_postgres import Database

from .system import Gateway, token

ADA, BOB, EVE = (f"00000000-0000-0000-0000-00000000000{n}" for n in (1, 2, 3))


@dataclass
class Person:
    """An account that sends requests below `/api/telemetry`."""

    gateway: Gateway
    account: str
    role: str = "user"

    async def ask(
        self, method: str, path: str, body: object = None, *, version: object = None, key: str | None = None
    ) -> httpx.Response:
        """Sends a request. `version`: a number, or the whole value of `If-Match`."""
        headers = {"Authorization": f"Bearer {token(account=self.account, role=self.role)}"}
        if version is not None:
            headers["If-Match"] = f'"{version}"' if isinstance(version, int) else str(version)
        if key is not None:
            headers["Idempotency-Key"] = key
        content = {} if body is None else {"json": body}
        return await self.gateway.http.request(method, f"/api/telemetry{path}", headers=headers, **content)  # type: ignore[arg-type]

    async def get(self, path: str) -> Any:
        """The body of a successful answer."""
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: object) -> Any:
        """The body of a successful answer."""
        answer = await self.ask("POST", path, body)
        assert answer.status_code == 201, answer.text
        return answer.json()


async def audited(database: Database) -> list[tuple[str, str | None, str | None, str | None]]:
    """Kind, target, before and after of every audit entry."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT kind, target, before, after FROM audit ORDER BY n")
    return [(row["kind"], row["target"], row["before"], row["after"]) for row in rows]


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code."""
    return answer.status_code, answer.json()["code"]
