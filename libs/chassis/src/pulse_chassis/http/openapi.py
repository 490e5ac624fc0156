"""The OpenAPI document of a service: what its routes say, and what the chassis itself may answer at each of them."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from pulse_chassis.http import problems

_COMMON: Mapping[int, tuple[str, str]] = {
    400: ("refused", "the request cannot be read"),
    401: ("not_signed_in", "No valid access token came with the request."),
    403: ("forbidden", "The caller is known and may not do this."),
    413: ("too_large", "The body is larger than is taken."),
    422: ("invalid_request", "The request does not fit its schema."),
    503: ("unavailable", "Database, broker or auth are away for a moment: try again."),
}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with what the chassis itself may answer written at each operation."""
    found = get_openapi(title=app.title, version=app.version, routes=app.routes, summary=app.summary)
    found["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _, definitions = models_json_schema(
        [(problems.Problem, "serialization")], ref_template="#/components/schemas/{model}"
    )
    schemas.update(definitions["$defs"])
    for operations in found.get("paths", {}).values():
        for operation in operations.values():
            _complete(operation)
            _merge_security(operation)
    return found


def _merge_security(operation: dict[str, Any]) -> None:
    """One requirement that names every permission (OpenAPI 3.1 allows names of roles there): FastAPI writes one for
    each dependency, which would mean that any of them is enough."""
    if not operation.get("security"):
        return
    merged: dict[str, set[str]] = {}
    for requirement in operation["security"]:
        for scheme, names in requirement.items():
            merged.setdefault(scheme, set()).update(names)
    operation["security"] = [{scheme: sorted(names) for scheme, names in merged.items()}]


def _complete(operation: dict[str, Any]) -> None:
    given = operation["responses"]
    common = {422, 503}
    if "requestBody" in operation:
        common |= {400, 413}
    if operation.get("security"):
        common |= {401, 403}
    for status in sorted(common):
        code, summary = _COMMON[status]
        entry = given.get(str(status))
        if entry is None or problems.MEDIA_TYPE not in entry.get("content", {}):
            entry = given[str(status)] = problems.response(status)
        entry["content"][problems.MEDIA_TYPE].setdefault("schema", problems.SCHEMA)
        examples = entry["content"][problems.MEDIA_TYPE].setdefault("examples", {})
        examples.setdefault(code, {"summary": summary, "value": problems.example(status, code, summary)})
        if status == 503:
            entry["headers"] = problems.RETRY_HEADER
