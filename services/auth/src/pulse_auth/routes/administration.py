"""Routes for administrators: other people's sessions, keys and second factors; the policy; the signing keys."""

import json
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from pulse_auth.model.api_keys import ApiKeyNotFound
from pulse_auth.model.second_factors import NoSecondFactor, OwnSecondFactor
from pulse_auth.model.sessions import AccountNotFound, SessionNotFound
from pulse_auth.routes.api_keys import ApiKeyList, view_of_key
from pulse_auth.routes.dependencies import Dependencies
from pulse_auth.routes.own_sessions import EndedSessions, RunningSessions, view_of_sessions
from pulse_auth.routes.second_factors import SecondFactorView, view_of_factor
from pulse_auth.routes.sessions import Keys, KeyView
from pulse_auth.store.second_factors import StoredPolicy
from pulse_chassis.http.preconditions import PRECONDITION_PROBLEMS, TAGGED, IfMatch, tag
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.caller import CurrentCaller
from pulse_chassis.identity.principal import Principal, RevocationsUnknown, require
from pulse_contracts.permissions import Role

router = APIRouter(prefix="/api/auth", tags=["administration"])
_Manager = Annotated[Principal, require("sessions.manage")]
_Rotator = Annotated[Principal, require("keys.rotate")]


class Policy(BaseModel):
    """`second_factor_roles`: the roles that must have a second factor."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"second_factor_roles": ["admin"]}]})

    second_factor_roles: Annotated[list[Role], Field(max_length=8)]


class PolicyView(Policy):
    """The policy, its version, and who saved it. `updated_by_name`: the name in the access token."""

    version: int
    updated_at: datetime | None
    updated_by: str | None
    updated_by_name: str


class SignInsView(BaseModel):
    """How an account signs in. `last_used_at`: when one of its running sessions was last used; null without one."""

    account: UUID
    has_second_factor: bool
    sessions: int
    last_used_at: datetime | None


class SignInsList(BaseModel):
    """By id. Unknown accounts are left out."""

    items: list[SignInsView]


class RotationRequest(BaseModel):
    """`emergency`: a key may have been stolen. All keys and all sessions end at once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"emergency": False}]})

    emergency: bool = False


class SigningKeyView(BaseModel):
    """One key. `state`: `current` signs, `next` will sign, `previous` only verifies. `signs_from`: when it began, or
    will begin, to sign. `valid_until`: no token that it signed is valid after this time; null while it signs or will
    sign."""

    id: str
    state: Literal["current", "next", "previous"]
    created_at: datetime
    signs_from: datetime
    valid_until: datetime | None


class SigningKeyList(BaseModel):
    """The keys whose tokens are valid: the current one, the next one, then the previous ones."""

    items: list[SigningKeyView]


@router.get("/accounts", operation_id="list_sign_ins", responses=responses(RevocationsUnknown))
async def list_sign_ins(
    deps: Dependencies, _: _Manager, account: Annotated[list[UUID], Query(min_length=1, max_length=100)]
) -> SignInsList:
    """Get how up to 100 accounts sign in: whether with a second factor, running sessions, and when they were used."""
    found = await deps.sessions.sign_ins(account)
    return SignInsList(
        items=[
            SignInsView(
                account=one.account,
                has_second_factor=one.has_second_factor,
                sessions=one.sessions,
                last_used_at=one.last_used,
            )
            for one in found
        ]
    )


@router.get(
    "/accounts/{account}/sessions",
    operation_id="list_account_sessions",
    responses=responses(AccountNotFound, RevocationsUnknown),
)
async def list_sessions(account: UUID, deps: Dependencies, principal: _Manager) -> RunningSessions:
    """List the sessions of an account."""
    return view_of_sessions(await deps.sessions.of_account(account), principal.sid)


@router.delete(
    "/accounts/{account}/sessions",
    operation_id="end_account_sessions",
    responses=responses(AccountNotFound, RevocationsUnknown),
)
async def end_sessions(account: UUID, deps: Dependencies, _: _Manager, caller: CurrentCaller) -> EndedSessions:
    """End all sessions of an account and revoke its API keys."""
    return EndedSessions(ended=await deps.sessions.end_everything(account, caller))


@router.delete(
    "/accounts/{account}/sessions/{session}",
    operation_id="end_account_session",
    status_code=204,
    responses=responses(SessionNotFound, RevocationsUnknown),
)
async def end_session(account: UUID, session: UUID, deps: Dependencies, _: _Manager, caller: CurrentCaller) -> None:
    """End one session of an account."""
    await deps.sessions.end(account, session, caller)


@router.get(
    "/accounts/{account}/api-keys",
    operation_id="list_account_api_keys",
    responses=responses(RevocationsUnknown),
)
async def list_keys(account: UUID, deps: Dependencies, _: _Manager) -> ApiKeyList:
    """List the API keys of an account."""
    return ApiKeyList(items=[view_of_key(key) for key in await deps.api_keys.of(account)])


@router.delete(
    "/accounts/{account}/api-keys/{key}",
    operation_id="revoke_account_api_key",
    status_code=204,
    responses=responses(ApiKeyNotFound, RevocationsUnknown),
)
async def revoke_key(account: UUID, key: UUID, deps: Dependencies, _: _Manager, caller: CurrentCaller) -> None:
    """Revoke an API key of an account."""
    await deps.api_keys.revoke(account, key, caller)


@router.get(
    "/accounts/{account}/second-factor",
    operation_id="get_account_second_factor",
    responses=responses(AccountNotFound, RevocationsUnknown),
)
async def show_factor(account: UUID, deps: Dependencies, _: _Manager) -> SecondFactorView:
    """Get the state of the second factor of an account."""
    return view_of_factor(await deps.factors.state(account))


@router.delete(
    "/accounts/{account}/second-factor",
    operation_id="reset_second_factor",
    status_code=204,
    responses=responses(AccountNotFound, NoSecondFactor, OwnSecondFactor, RevocationsUnknown),
)
async def reset_factor(account: UUID, deps: Dependencies, _: _Manager, caller: CurrentCaller) -> None:
    """Remove the lost second factor of an account and end its sessions."""
    await deps.factors.reset(account, caller)


@router.get("/policy", operation_id="get_policy", responses={200: TAGGED, **responses(RevocationsUnknown)})
async def show_policy(response: Response, deps: Dependencies, _: _Manager) -> PolicyView:
    """Get the roles that must have a second factor."""
    return _view_of_policy(response, await deps.factors.policy())


@router.put(
    "/policy",
    operation_id="set_policy",
    responses={200: TAGGED, **responses(RevocationsUnknown, *PRECONDITION_PROBLEMS)},
)
async def set_policy(
    response: Response,
    body: Policy,
    deps: Dependencies,
    principal: _Manager,
    precondition: IfMatch,
    caller: CurrentCaller,
) -> PolicyView:
    """Set the roles that must have a second factor."""
    roles = frozenset(body.second_factor_roles)
    saved = await deps.factors.require_for(roles, precondition, caller, principal.name or principal.email)
    return _view_of_policy(response, saved)


@router.get("/signing-keys", operation_id="list_signing_keys", responses=responses(RevocationsUnknown))
async def list_signing_keys(deps: Dependencies, _: _Rotator) -> SigningKeyList:
    """List the keys that sign access tokens, without their private parts."""
    return SigningKeyList(
        items=[
            SigningKeyView(
                id=key.kid,
                state=state,
                created_at=key.created,
                signs_from=key.not_before,
                valid_until=key.not_after,
            )
            for key, state in await deps.rotation.states()
        ]
    )


@router.post(
    "/keys/rotate",
    operation_id="rotate_signing_keys",
    responses=responses(TooManyRequests, RevocationsUnknown),
)
async def rotate(body: RotationRequest, deps: Dependencies, _: _Rotator, caller: CurrentCaller) -> Keys:
    """Let the next signing key take over, or replace all keys in an emergency."""
    await deps.rotation.on_demand(caller, is_emergency=body.emergency)
    return Keys(keys=[KeyView.model_validate(json.loads(key.public)) for key in deps.keys.published])


def _view_of_policy(response: Response, found: StoredPolicy) -> PolicyView:
    tag(response, found.version)
    return PolicyView(
        second_factor_roles=sorted(found.roles),
        version=found.version,
        updated_at=found.updated_at,
        updated_by=found.updated_by,
        updated_by_name=found.updated_by_name,
    )
