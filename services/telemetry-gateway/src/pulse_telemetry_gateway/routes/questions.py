"""Saved questions of the explorer: a name for the query string of its address."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from pulse_chassis.http.idempotency import IDEMPOTENCY_PROBLEMS, IdempotencyKey, IdempotentRoute
from pulse_chassis.http.preconditions import TAGGED, IfMatch
from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.principal import RevocationsUnknown
from pulse_contracts.message import PRINTABLE
from pulse_telemetry_gateway.model.errors import ForeignCursor
from pulse_telemetry_gateway.model.saved_objects import (
    Draft,
    NotTheOwner,
    SavedObject,
    TooManyOwn,
    TooManyShared,
    UnknownSavedObject,
)
from pulse_telemetry_gateway.routes.dependencies import Dependencies
from pulse_telemetry_gateway.routes.saving import (
    CHANGES,
    After,
    Name,
    ObjectId,
    PageSize,
    Reader,
    RequestBody,
    Shared,
    Writer,
    next_of,
    read_key,
    tag_of,
)

router = APIRouter(prefix="/questions", route_class=IdempotentRoute)


class QuestionBody(RequestBody):
    """`query`: the query string of the explorer's address, without `?`. `shared`: everybody may see it; needs
    `dashboards.share`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "Oil and water", "query": "series=1,2&range=24h", "shared": False}]}
    )

    name: Name
    query: Annotated[str, StringConstraints(max_length=4_000, pattern=PRINTABLE)]
    shared: Shared

    def draft(self) -> Draft:
        """What is stored."""
        return Draft(self.name, self.shared, self.query)


class QuestionView(BaseModel):
    """`owner`, `updated_by`: ids of accounts. `owner_name`, `updated_by_name`: the names in their access tokens when
    the question was created, and when this version was saved."""

    id: UUID
    name: str
    query: str
    shared: bool
    owner: str
    owner_name: str
    version: int
    created_at: datetime
    updated_at: datetime
    updated_by: str
    updated_by_name: str


class QuestionPage(BaseModel):
    """`next`: the `after` of the next page; null: this is the last page."""

    items: list[QuestionView]
    next: str | None


@router.get("", operation_id="list_questions", responses=responses(ForeignCursor))
async def questions(deps: Dependencies, author: Reader, after: After = None, limit: PageSize = 100) -> QuestionPage:
    """Your own saved questions and the shared ones, in pages, ordered by name."""
    key = read_key(after)
    async with deps.concurrency.slot():
        found = await deps.questions.page(author, key, limit + 1, with_content=True)
    return QuestionPage(items=[_view(one) for one in found[:limit]], next=next_of(found, limit))


@router.post(
    "",
    operation_id="create_question",
    status_code=201,
    responses={
        201: TAGGED | {"description": "Created"},
        **responses(TooManyOwn, TooManyShared, TooManyRequests, RevocationsUnknown, *IDEMPOTENCY_PROBLEMS),
    },
)
async def create(
    request: Request,
    response: Response,
    deps: Dependencies,
    writer: Writer,
    body: QuestionBody,
    _: IdempotencyKey = None,
) -> QuestionView:
    """Save a question. An account may own 50, and 200 may be shared."""
    async with deps.concurrency.slot():
        created = await deps.questions.create(body.draft(), writer.author, writer.caller)
    tag_of(response, created)
    response.headers["Location"] = f"{request.url.path}/{created.id}"
    return _view(created)


@router.get("/{id:uuid}", operation_id="get_question", responses={200: TAGGED, **responses(UnknownSavedObject)})
async def question(response: Response, deps: Dependencies, author: Reader, id_: ObjectId) -> QuestionView:
    """Get a question that is yours or shared."""
    async with deps.concurrency.slot():
        found = await deps.questions.find(id_, author)
    tag_of(response, found)
    return _view(found)


@router.put("/{id:uuid}", operation_id="update_question", responses={200: TAGGED, **responses(NotTheOwner, *CHANGES)})
async def update(
    response: Response, deps: Dependencies, writer: Writer, precondition: IfMatch, id_: ObjectId, body: QuestionBody
) -> QuestionView:
    """Replace name, query and sharing. A shared question needs `dashboards.share`. Only its owner may stop sharing
    it."""
    async with deps.concurrency.slot():
        saved = await deps.questions.replace(id_, body.draft(), precondition, writer.author, writer.caller)
    tag_of(response, saved)
    return _view(saved)


@router.delete("/{id:uuid}", operation_id="delete_question", status_code=204, responses=responses(*CHANGES))
async def delete(deps: Dependencies, writer: Writer, precondition: IfMatch, id_: ObjectId) -> Response:
    """Delete a question. A shared question needs `dashboards.share`."""
    async with deps.concurrency.slot():
        await deps.questions.delete(id_, precondition, writer.author, writer.caller)
    return Response(status_code=204)


def _view(one: SavedObject) -> QuestionView:
    newest = one.newest
    return QuestionView(
        id=one.id,
        name=newest.draft.name,
        query=newest.draft.content,
        shared=newest.draft.shared,
        owner=one.owner,
        owner_name=one.owner_name,
        version=newest.number,
        created_at=one.created_at,
        updated_at=newest.updated_at,
        updated_by=newest.updated_by,
        updated_by_name=newest.updated_by_name,
    )
