"""White label over HTTP. Reading needs no account, because the sign-in page shows it."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_chassis.identity.caller import Caller, caller_of, client_address
from pulse_chassis.identity.principal import Principal, RevocationsUnknown, require
from pulse_contracts.errors import DomainError
from pulse_users.model.accounts import PreconditionRequired, etag
from pulse_users.model.brand import MAX_NAME, PRODUCT, Accent, AccentContrast, Brand, BrandChanged
from pulse_users.model.images import MAX_LOGO, ImageTooLarge, NotAnImage
from pulse_users.routes.dependencies import Dependencies, IfMatch, RequestBody
from pulse_users.routes.views import TAGGED

router = APIRouter(prefix="/api/users/brand", tags=["brand"])
BODY_LIMITS = {f"{router.prefix}/logo": MAX_LOGO}
_PRINTABLE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]*$"
"""No control characters. Those that reorder text could turn the rest of a page or of a subject around."""
_NAME: dict[str, Any] = {"min_length": 1, "max_length": MAX_NAME, "strip_whitespace": True, "pattern": _PRINTABLE}
_EXAMPLE: dict[str, Any] = {"name": "Hall 4 Telemetry", "accent": {"light": "#0b6e4f", "dark": "#3ddc97"}}
_IMAGES: dict[str, Any] = {
    one: {"schema": {"type": "string", "format": "binary"}} for one in ("image/png", "image/jpeg", "image/webp")
}
_SECONDS = 30
_READS_PER_ADDRESS = "600/minute"


class NoLogo(DomainError):
    """There is no logo. The pages show that of the product."""

    code, status = "not_found", 404


class AccentBody(RequestBody):
    """The colour of links and buttons on light and on dark pages. Each needs a contrast of 4.5:1 there."""

    light: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True)]
    dark: Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True)]


class BrandBody(RequestBody):
    """`name`: in titles, on the sign-in page and in mails. null: the product's own."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: Annotated[str, StringConstraints(**_NAME)] | None
    accent: AccentBody | None


class BrandView(BaseModel):
    """What the pages look like. `product`: `name`, or the product's own name. `logo`: its address; null: the product's
    own."""

    product: str
    name: str | None
    accent: AccentBody | None
    logo: str | None
    version: int
    updated_at: datetime | None


async def _manager(
    request: Request, deps: Dependencies, principal: Annotated[Principal, require("system.manage")]
) -> Caller:
    await deps.limiter.check("brand-change", deps.limits.change, principal.account)
    return caller_of(request, principal)


async def _limited(request: Request, deps: Dependencies) -> None:
    """Limits the requests of one client, if the proxies are known."""
    address = client_address(request)
    if address is not None:
        await deps.limiter.check("brand-read", _READS_PER_ADDRESS, address)


_Manager = Annotated[Caller, Depends(_manager)]
_IfNoneMatch = Annotated[str | None, Header(alias="If-None-Match", max_length=500)]
_Version = Annotated[
    int | None, Query(ge=1, le=2**53 - 1, description="A version of the brand. The logo is not older than it.")
]
_CHANGES = (BrandChanged, PreconditionRequired, TooManyRequests, RevocationsUnknown)


@router.get(
    "",
    operation_id="get_brand",
    response_model=BrandView,
    responses={200: TAGGED, 304: {"description": "Not modified"}, **responses(TooManyRequests)},
    dependencies=[Depends(_limited)],
)
async def get_brand(response: Response, deps: Dependencies, if_none_match: _IfNoneMatch = None) -> BrandView | Response:
    """Get the name, colour and logo of the pages. Needs no account."""
    found = await deps.brand.read()
    headers = {"ETag": etag(found.version), "Cache-Control": f"public, max-age={_SECONDS}"}
    if if_none_match is not None and etag(found.version) in if_none_match.replace("W/", "").replace(" ", "").split(","):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return _view(found)


@router.put("", operation_id="update_brand", responses={200: TAGGED, **responses(AccentContrast, *_CHANGES)})
async def update_brand(
    response: Response, deps: Dependencies, caller: _Manager, precondition: IfMatch, body: BrandBody
) -> BrandView:
    """Change the name and colour of the pages. They show it within a minute."""
    accent = Accent(body.accent.light, body.accent.dark) if body.accent else None
    return _tagged(response, await deps.brand.replace(caller, body.name, accent, precondition))


@router.get(
    "/logo",
    operation_id="get_brand_logo",
    response_class=Response,
    responses={200: {"content": _IMAGES}, **responses(NoLogo, TooManyRequests)},
    dependencies=[Depends(_limited)],
)
async def get_logo(deps: Dependencies, version: _Version = None) -> Response:
    """Get the logo. Needs no account. Its address in the brand changes with each change, so it may be cached."""
    found = await deps.brand.logo(version)
    if found is None:
        raise NoLogo("There is no logo.")
    data, type_ = found
    headers = {
        "Cache-Control": "public, max-age=86400",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return Response(data, media_type=type_, headers=headers)


@router.put(
    "/logo",
    operation_id="update_brand_logo",
    responses={200: TAGGED, **responses(NotAnImage, ImageTooLarge, *_CHANGES)},
    openapi_extra={"requestBody": {"required": True, "content": _IMAGES}},
)
async def update_logo(
    request: Request, response: Response, deps: Dependencies, caller: _Manager, precondition: IfMatch
) -> BrandView:
    """Change the logo: a PNG, JPEG or WebP image of at most 256 KiB and 2,048 pixels a side. Its bytes decide what it
    is, not its name or media type. SVG is rejected, because it can carry scripts."""
    return _tagged(response, await deps.brand.replace_logo(caller, await request.body(), precondition))


@router.delete("/logo", operation_id="delete_brand_logo", responses={200: TAGGED, **responses(*_CHANGES)})
async def delete_logo(response: Response, deps: Dependencies, caller: _Manager, precondition: IfMatch) -> BrandView:
    """Remove the logo. The pages show that of the product again."""
    return _tagged(response, await deps.brand.replace_logo(caller, None, precondition))


def _tagged(response: Response, found: Brand) -> BrandView:
    response.headers["ETag"] = etag(found.version)
    return _view(found)


def _view(found: Brand) -> BrandView:
    return BrandView(
        product=found.name or PRODUCT,
        name=found.name,
        accent=AccentBody(light=found.accent.light, dark=found.accent.dark) if found.accent else None,
        logo=f"{router.prefix}/logo?version={found.version}" if found.logo_type else None,
        version=found.version,
        updated_at=found.updated_at,
    )
