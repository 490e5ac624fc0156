"""Routes for the caller's own sessions."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from pulse_auth.model.sessions import SessionNotFound
from pulse_auth.routes.dependencies import Dependencies, SessionOwner, account_of
from pulse_auth.store.sessions import UsedSession
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.caller import CurrentCaller

router = APIRouter(prefix="/api/auth", tags=["sessions"])


class RunningSession(BaseModel):
    """`device` is the name that the browser sends, and `address` may be that of a proxy: hints, not proofs. `ends_at`:
    when the session ends unless it is used again."""

    id: UUID
    device: str
    address: str | None
    created_at: datetime
    last_used_at: datetime
    ends_at: datetime
    is_current: bool


class RunningSessions(BaseModel):
    """Running sessions, last used first."""

    items: list[RunningSession]


class EndedSessions(BaseModel):
    """`ended`: the number of sessions that ended."""

    ended: int


def view_of_sessions(found: list[UsedSession], current: str | None) -> RunningSessions:
    """`current`: the id of the caller's session."""
    return RunningSessions(
        items=[
            RunningSession(
                id=used.session.id,
                device=used.session.client_info.device,
                address=used.session.client_info.address,
                created_at=used.created,
                last_used_at=used.last_used,
                ends_at=used.until,
                is_current=str(used.session.id) == current,
            )
            for used in found
        ]
    )


@router.get("/sessions", operation_id="list_own_sessions", responses=responses(TooManyRequests))
async def list_sessions(deps: Dependencies, principal: SessionOwner) -> RunningSessions:
    """List your sessions, last used first."""
    return view_of_sessions(await deps.sessions.of_account(account_of(principal)), principal.sid)


@router.delete("/sessions", operation_id="end_own_sessions", responses=responses(TooManyRequests))
async def end_sessions(
    deps: Dependencies,
    principal: SessionOwner,
    caller: CurrentCaller,
    include_current: Annotated[bool, Query(description="Also end the session of this request")] = False,  # noqa: FBT002
) -> EndedSessions:
    """End all your other sessions."""
    spare = None if include_current else principal.sid
    return EndedSessions(ended=await deps.sessions.end_all(account_of(principal), caller, spare=spare))


@router.delete(
    "/sessions/{session}",
    operation_id="end_own_session",
    status_code=204,
    responses=responses(SessionNotFound, TooManyRequests),
)
async def end_session(session: UUID, deps: Dependencies, principal: SessionOwner, caller: CurrentCaller) -> None:
    """End one of your sessions."""
    await deps.sessions.end(account_of(principal), session, caller)
