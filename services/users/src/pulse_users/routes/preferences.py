"""Routes for the preferences of the caller."""

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from pulse_chassis.http.problems import TooManyRequests, responses
from pulse_users.model.accounts import PreconditionRequired, etag
from pulse_users.model.preferences import (
    MAX_ZONE,
    DecimalSign,
    Language,
    Preferences,
    PreferencesChanged,
    Theme,
    Units,
    UnknownTimeZone,
    WantedPreferences,
)
from pulse_users.model.saved_views import SavedViews
from pulse_users.routes.dependencies import ChangingSelf, Dependencies, IfMatch, RequestBody, Self
from pulse_users.routes.views import TAGGED

router = APIRouter(prefix="/api/profile/preferences", tags=["profile"])
_EXAMPLE: dict[str, Any] = {
    "examples": [
        {
            "language": "de",
            "theme": "dark",
            "time_zone": "Europe/Vienna",
            "decimal_sign": "language",
            "units": "metric",
            "views": {
                "users": [
                    {
                        "name": "Invited viewers",
                        "search": "",
                        "role": "viewer",
                        "state": "invited",
                        "sort": "-created",
                        "hidden": ["factor"],
                    }
                ],
                "devices": [],
            },
        }
    ]
}


class PreferencesBody(RequestBody):
    """`language` and `time_zone`: null means that of the browser. `decimal_sign`: of numbers; `language` means that of
    the language. `units`: of values on the pages; `declared` means those of the devices; null keeps the stored choice.
    `views`: the saved views of lists, at most 20 a page; null keeps the stored ones."""

    model_config = ConfigDict(json_schema_extra=_EXAMPLE)

    language: Language | None = None
    theme: Theme = "system"
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=MAX_ZONE)] | None = None
    decimal_sign: DecimalSign = "language"
    units: Units | None = None
    views: SavedViews | None = None


class PreferencesView(BaseModel):
    """How a person wants the pages to look. null: that of the browser."""

    model_config = ConfigDict(json_schema_extra=_EXAMPLE)

    language: Language | None
    theme: Theme
    time_zone: str | None
    decimal_sign: DecimalSign
    units: Units
    views: SavedViews


@router.get("", operation_id="get_preferences", responses={200: TAGGED})
async def get_preferences(response: Response, deps: Dependencies, caller: Self) -> PreferencesView:
    """Get how you want the pages to look."""
    return _view(response, await deps.preferences.read(caller))


@router.put(
    "",
    operation_id="update_preferences",
    responses={
        200: TAGGED,
        **responses(PreferencesChanged, PreconditionRequired, UnknownTimeZone, TooManyRequests),
    },
)
async def update_preferences(
    response: Response, deps: Dependencies, caller: ChangingSelf, precondition: IfMatch, body: PreferencesBody
) -> PreferencesView:
    """Change how you want the pages to look."""
    wanted = WantedPreferences(body.language, body.theme, body.time_zone, body.decimal_sign, body.units, body.views)
    return _view(response, await deps.preferences.replace(caller, wanted, precondition))


def _view(response: Response, found: Preferences) -> PreferencesView:
    response.headers["ETag"] = etag(found.version)
    return PreferencesView(
        language=found.language,
        theme=found.theme,
        time_zone=found.time_zone,
        decimal_sign=found.decimal_sign,
        units=found.units,
        views=found.views,
    )
