"""The OpenAPI document of a service: its routes, and the problems that every route may return."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from pulse_chassis.http import problems

_COMMON: Mapping[int, tuple[str, str]] = {
    400: ("refused", "The request cannot be parsed."),
    401: ("not_signed_in", "The access token is missing, invalid or expired."),
    403: ("forbidden", "The account does not have the required permission."),
    413: ("too_large", "The request body is too large."),
    422: ("invalid_request", "The request does not match its schema."),
    503: ("unavailable", "The service is temporarily unavailable. Try again in a moment."),
}


def document(app: FastAPI) -> dict[str, Any]:
    """Returns the OpenAPI document of an app. Adds the common problems to each operation."""
    spec = get_openapi(title=app.title, version=app.version, routes=app.routes, summary=app.summary)
    spec["info"]["license"] = {"name": "Apache-2.0", "identifier": "Apache-2.0"}
    schemas = spec.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    _, definitions = models_json_schema(
        [(problems.Problem, "serialization")], ref_template="#/components/schemas/{model}"
    )
    schemas.update(definitions["$defs"])
    for operations in spec.get("paths", {}).values():
        for operation in operations.values():
            _add_common_problems(operation)
            _merge_security(operation)
    return spec


def _merge_security(operation: dict[str, Any]) -> None:
    """Merges the security requirements into one that names every permission (OpenAPI 3.1 allows role names there).
    FastAPI writes one requirement per dependency, which would mean that any of them is enough."""
    if not operation.get("security"):
        return
    merged: dict[str, set[str]] = {}
    for requirement in operation["security"]:
        for scheme, names in requirement.items():
            merged.setdefault(scheme, set()).update(names)
    operation["security"] = [{scheme: sorted(names) for scheme, names in merged.items()}]


def _add_common_problems(operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    common = {422, 503}
    if "requestBody" in operation:
        common |= {400, 413}
    if operation.get("security"):
        common |= {401, 403}
    for status in sorted(common):
        code, summary = _COMMON[status]
        entry = responses.get(str(status))
        if entry is None or problems.MEDIA_TYPE not in entry.get("content", {}):
            entry = responses[str(status)] = problems.response(status)
        entry["content"][problems.MEDIA_TYPE].setdefault("schema", problems.SCHEMA)
        examples = entry["content"][problems.MEDIA_TYPE].setdefault("examples", {})
        examples.setdefault(code, {"summary": summary, "value": problems.example(status, code, summary)})
        if status == 503:
            entry["headers"] = problems.RETRY_HEADER
