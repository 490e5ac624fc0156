"""The audit trail over HTTP: pages with filters, and CSV. Every service that writes one has these routes."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, BeforeValidator, StringConstraints
from starlette.responses import StreamingResponse

from pulse_chassis.identity.caller import Caller, caller_of
from pulse_chassis.identity.principal import Principal, require
from pulse_contracts.times import from_micros
from pulse_postgres import Audit, AuditAnchor, AuditEntry, AuditFilter, AuditRecord, Database

_PAGE = 500
_VERIFIED = 10_000
"""Entries that one request verifies: a fraction of a second."""
_COLUMNS = ("n", "at", "kind", "actor", "target", "before", "after", "address", "request_id")
_Name = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._:@+-]+$")]
_Reader = Annotated[Principal, require("audit.read")]


class AuditRecordView(BaseModel):
    """One entry. `before` and `after` hold the changed values, without secrets."""

    n: int
    at: datetime
    kind: str
    actor: str | None
    target: str | None
    before: dict[str, object] | None
    after: dict[str, object] | None
    address: str | None
    request_id: str | None


class AuditHeadView(BaseModel):
    """Number and hash of the newest entry. A copy that is kept elsewhere is the anchor of `verify-audit --anchor
    n:hash`."""

    n: int
    hash: str


class AuditPage(BaseModel):
    """Entries, newest first. `next` is the `before` parameter of the next page. None on the last page."""

    items: list[AuditRecordView]
    next: int | None
    head: AuditHeadView


class AuditVerificationView(BaseModel):
    """How far the chain is verified. `verified`: the last valid entry; send it with the next request. `is_complete`:
    the chain is intact up to `head`. `broken`: the number of the first invalid entry; `fault` says what is wrong with
    it."""

    verified: AuditHeadView
    head: AuditHeadView
    is_complete: bool
    broken: int | None
    fault: str | None
    at: datetime


def _require_iso_8601(value: object) -> object:
    """Rejects a number, which pydantic would accept as seconds."""
    if isinstance(value, str) and "T" not in value.upper():
        raise ValueError("must be a time in ISO 8601, for example 2026-11-23T10:00:00Z")
    return value


_Moment = Annotated[AwareDatetime, BeforeValidator(_require_iso_8601)]


async def _filter(
    kind: Annotated[
        _Name | None, Query(description="kind of entry, for example `signed_in`", examples=["signed_in"])
    ] = None,
    actor: Annotated[_Name | None, Query(description="id of an account, `command-line` or `system`")] = None,
    target: Annotated[_Name | None, Query(description="changed object, for example `account:<id>`")] = None,
    since: Annotated[_Moment | None, Query(examples=["2026-11-23T10:00:00Z"])] = None,
    until: Annotated[_Moment | None, Query(description="exclusive")] = None,
) -> AuditFilter:
    return AuditFilter(kind, actor, target, since, until)


def audit_router(prefix: str, name: str) -> APIRouter:
    """Returns a router with `GET {prefix}/audit`, `…/audit.csv` and `…/audit/verification`. `name` makes the operation
    ids unique among services."""
    router = APIRouter(prefix=prefix, tags=["audit"])
    verifying = asyncio.Lock()

    @router.get("/audit", operation_id=f"list_{name}_audit")
    async def page(
        request: Request,
        _: _Reader,
        criteria: Annotated[AuditFilter, Depends(_filter)],
        before: Annotated[int | None, Query(ge=1, le=2**62)] = None,
        limit: Annotated[int, Query(ge=1, le=_PAGE)] = 100,
    ) -> AuditPage:
        """Entries of the audit trail, newest first."""
        audit, database = _state(request)
        async with database.connection() as connection:
            records = await audit.page(connection, criteria, before, limit + 1)
            head = await audit.head(connection)
        items, is_more = records[:limit], len(records) > limit
        return AuditPage(
            items=[_view(record) for record in items],
            next=items[-1].n if is_more else None,
            head=AuditHeadView(n=head.n, hash=head.hash),
        )

    @router.get("/audit/verification", operation_id=f"verify_{name}_audit")
    async def verification(
        request: Request,
        _: _Reader,
        after: Annotated[int, Query(ge=0, le=2**62, description="number in `verified` of the answer before")] = 0,
        hash_: Annotated[
            str, Query(alias="hash", pattern=r"^[0-9a-f]{64}$", description="hash in `verified` of the answer before")
        ] = "0" * 64,
    ) -> AuditVerificationView:
        """Recompute the hashes of the next 10,000 entries. Repeat with `verified` until `is_complete`, or until there
        is a `fault`. One verification runs at a time."""
        audit, database = _state(request)
        async with verifying, database.snapshot() as connection:
            found = await audit.verify_part(connection, AuditAnchor(after, hash_), _VERIFIED)
        return AuditVerificationView(
            verified=AuditHeadView(n=found.verified.n, hash=found.verified.hash),
            head=AuditHeadView(n=found.head.n, hash=found.head.hash),
            is_complete=found.is_complete,
            broken=found.broken,
            fault=found.fault,
            at=_now(request),
        )

    @router.get(
        "/audit.csv",
        operation_id=f"export_{name}_audit",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    async def export(
        request: Request, reader: _Reader, criteria: Annotated[AuditFilter, Depends(_filter)]
    ) -> StreamingResponse:
        """Every matching entry as CSV, newest first. The export itself is recorded as the newest entry."""
        audit, database = _state(request)
        async with database.transaction() as connection:  # an outage must be reported before the first line is sent
            await audit.append(connection, _exported(caller_of(request, reader), criteria), _now(request))
            first = await audit.page(connection, criteria, None, _PAGE)
        lines = _lines(audit, database, criteria, first)
        headers = {"Content-Disposition": f'attachment; filename="{name}-audit.csv"'}
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)

    return router


def _state(request: Request) -> tuple[Audit, Database]:
    audit: Audit = request.app.state.audit
    database: Database = request.app.state.database
    return audit, database


def _now(request: Request) -> datetime:
    return from_micros(request.app.state.clock())


def _exported(caller: Caller, criteria: AuditFilter) -> AuditEntry:
    details = {"kind": criteria.kind, "actor": criteria.actor, "target": criteria.target}
    times = {"since": criteria.since, "until": criteria.until}
    details |= {name: at.isoformat() if at else None for name, at in times.items()}
    after = {name: value for name, value in details.items() if value is not None}
    return AuditEntry("audit_exported", caller.account, "audit", None, after, caller.address, caller.request_id)


def _view(record: AuditRecord) -> AuditRecordView:
    entry = record.entry
    return AuditRecordView(
        n=record.n,
        at=record.at,
        kind=entry.kind,
        actor=entry.actor,
        target=entry.target,
        before=dict(entry.before) if entry.before is not None else None,
        after=dict(entry.after) if entry.after is not None else None,
        address=entry.address,
        request_id=entry.request_id,
    )


async def _lines(
    audit: Audit, database: Database, criteria: AuditFilter, page: list[AuditRecord]
) -> AsyncIterator[bytes]:
    yield _line(_COLUMNS)
    while page:
        yield b"".join(_line(_cells(record)) for record in page)
        if len(page) < _PAGE:
            return
        async with database.connection() as connection:
            page = await audit.page(connection, criteria, page[-1].n, _PAGE)


def _cells(record: AuditRecord) -> tuple[str, ...]:
    entry = record.entry
    texts = (entry.kind, entry.actor, entry.target, _json(entry.before), _json(entry.after), entry.address)
    at = record.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return (str(record.n), at, *(_safe(text) for text in (*texts, entry.request_id)))


def _json(detail: object) -> str | None:
    return None if detail is None else json.dumps(detail, sort_keys=True)


def _safe(text: str | None) -> str:
    """Prefixes text that a spreadsheet would run as a formula (OWASP, CSV injection)."""
    return f"'{text}" if text and text[0] in "=+-@\t\r" else text or ""


def _line(cells: tuple[str, ...]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)  # RFC 4180
    return buffer.getvalue().encode()
