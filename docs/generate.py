"""Writes what is generated from the services: their OpenAPI documents, the tables of problem codes and permissions, the
page that people read, and the web client's copy of the permissions.

`make generate` runs it after the contracts' own generator; a test fails when a file is stale.
"""

import importlib
import inspect
import json
import pkgutil
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from pulse_chassis.process.commands import openapi
from pulse_contracts import access_matrix
from pulse_contracts.errors import DomainError
from pulse_contracts.permissions import PERMISSIONS, ROLES

REPOSITORY = Path(__file__).resolve().parents[1]
DOCS = REPOSITORY / "docs"
WEB = REPOSITORY / "clients/web"
SERVICES = {
    "auth": "pulse_auth",
    "users": "pulse_users",
    "telemetry": "pulse_telemetry_gateway",
    "sync": "pulse_sync_publisher",
}
_CODE = re.compile(r"`([^`]+)`")
_METHODS = ("get", "post", "put", "patch", "delete")


def documents() -> dict[str, dict[str, Any]]:
    """The OpenAPI document of each service."""
    return {name: openapi(importlib.import_module(f"{package}.__main__").PROGRAM) for name, package in SERVICES.items()}


def modules() -> Iterator[ModuleType]:
    """Every module that may define a refusal which HTTP shows."""
    for package in ("pulse_contracts", "pulse_chassis", *SERVICES.values()):
        root = importlib.import_module(package)
        yield root
        for found in pkgutil.walk_packages(root.__path__, f"{package}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def problems() -> list[dict[str, Any]]:
    """Every code, with its status and what it means, by code."""
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for module in modules():
        for _, error in inspect.getmembers(module, inspect.isclass):
            if not issubclass(error, DomainError) or error is DomainError or error.__module__ != module.__name__:
                continue
            entry = found.setdefault((error.code, error.status), {"meanings": [], "where": []})
            meaning = " ".join(str(error.__doc__).split())
            if meaning not in entry["meanings"]:
                entry["meanings"].append(meaning)
            entry["where"].append(error.__module__.split(".")[0].removeprefix("pulse_").replace("_", "-"))
    chassis = {
        ("invalid_request", 422): "The request does not fit its schema; `errors` names the fields.",
        ("not_found", 404): "There is nothing at this address.",
        ("method_not_allowed", 405): "The address does not take this method; `Allow` names those that it takes.",
        ("too_large", 413): "The body is larger than is taken.",
        ("refused", 400): "The request cannot be read.",
        ("unavailable", 503): "Database, broker or another part is away: try again after `Retry-After`.",
        ("internal", 500): "Something went wrong on our side: the request id finds it in the log.",
    }
    for key, meaning in chassis.items():
        entry = found.setdefault(key, {"meanings": [], "where": []})
        entry["meanings"].insert(0, meaning)
        entry["where"].insert(0, "every service")
    return [
        {"code": code, "status": status, "meaning": " ".join(entry["meanings"]), "where": _unique(entry["where"])}
        for (code, status), entry in sorted(found.items())
    ]


def _unique(names: list[str]) -> str:
    shown = ["every service" if name in {"chassis", "contracts"} else name for name in names]
    return ", ".join(dict.fromkeys(shown))


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The operations of a document as the page shows them."""
    found = []
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                operation = methods[method]
                permissions = [name for each in operation.get("security", []) for name in next(iter(each.values()))]
                shown = {"path": path, "method": method.upper(), "permissions": permissions}
                found.append(operation | shown | {"is_public": not operation.get("security")})
    return found


def permissions_page(of_services: dict[str, dict[str, Any]]) -> str:
    """Who may do what, and what every route asks for."""
    lines = ["# Permissions", "", "Generated from `pulse_contracts.permissions` and the services' routes.", ""]
    lines += ["| permission | lets somebody | " + " | ".join(ROLES) + " |", "|---|---|" + "---|" * len(ROLES)]
    for name, meaning in PERMISSIONS.items():
        lines.append(f"| `{name}` | {meaning} | " + " | ".join("yes" if name in ROLES[r] else "" for r in ROLES) + " |")
    lines += ["", "| route | needs | " + " | ".join(("nobody", *ROLES)) + " |", "|---|---|---|" + "---|" * len(ROLES)]
    for document in of_services.values():
        for operation in operations(document):
            needs = operation["permissions"]
            what = "nothing" if operation["is_public"] else ", ".join(f"`{n}`" for n in needs) or "to be signed in"
            who = ["yes" if operation["is_public"] else ""]
            who += ["yes" if set(needs) <= ROLES[role] else "" for role in ROLES]
            lines.append(f"| `{operation['method']} {operation['path']}` | {what} | " + " | ".join(who) + " |")
    return "\n".join(lines) + "\n"


def problems_page() -> str:
    """Every code of a problem document."""
    lines = ["# Problem codes", "", "Every refusal is a problem document (RFC 9457). Programs go by `code`: codes are"]
    lines += ["stable, texts are not. Generated from the services' errors.", ""]
    lines += ["| code | status | meaning | where |", "|---|---|---|---|"]
    lines += [f"| `{p['code']}` | {p['status']} | {p['meaning']} | {p['where']} |" for p in problems()]
    return "\n".join(lines) + "\n"


def typescript() -> str:
    """The permissions for the web's guard."""
    names = " | ".join(f'"{name}"' for name in PERMISSIONS)
    lines = ["// Generated from pulse_contracts.permissions by `make generate`. Do not edit.", ""]
    lines += [f"export type Role = {' | '.join(json.dumps(role) for role in ROLES)};", ""]
    lines += [f"export type Permission = {names};", ""]
    lines += ["/** What each permission lets somebody do. */"]
    lines += ["export const PERMISSIONS: Readonly<Record<Permission, string>> = {"]
    lines += [*(f"  {json.dumps(name)}: {json.dumps(meaning)}," for name, meaning in PERMISSIONS.items()), "};", ""]
    lines += ["/** What each role may do. */", "export const ROLES: Readonly<Record<Role, readonly Permission[]>> = {"]
    for role, allowed in ROLES.items():
        lines += [f"  {role}: [", *(f'    "{name}",' for name in PERMISSIONS if name in allowed), "  ],"]
    return "\n".join([*lines, "};", ""])


def prose(text: str) -> Markup:
    """A description as HTML: what stands in backticks is code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  # escaped before


def page(of_services: dict[str, dict[str, Any]]) -> str:
    """The one page that people read."""
    environment = Environment(
        loader=FileSystemLoader(DOCS / "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    bus = yaml.safe_load((REPOSITORY / "libs/contracts/generated/asyncapi.yaml").read_text())
    environment.filters["prose"] = prose
    return environment.get_template("api-reference.html.j2").render(
        services={name: document | {"operations": operations(document)} for name, document in of_services.items()},
        bus=bus,
        problems=problems(),
        permissions=PERMISSIONS,
        roles=ROLES,
        type_of=type_of,
        parties=parties,
    )


def type_of(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(part) for part in schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    words = str(schema.get("type", "anything"))
    if schema.get("format"):
        words += f" ({schema['format']})"
    bounds = [("minimum", "≥"), ("maximum", "≤"), ("minLength", "length ≥"), ("maxLength", "length ≤")]
    limits = [f"{sign} {schema[name]}" for name, sign in bounds if name in schema]
    return ", ".join([words, *limits])


def parties(bus: dict[str, Any], channel: str, action: str) -> str:
    """Who sends or receives on a channel."""
    found = [
        name.split(f"_{action}_")[0]
        for name, operation in bus["operations"].items()
        if operation["action"] == action and operation["channel"]["$ref"] == f"#/channels/{channel}"
    ]
    return ", ".join(sorted(found))


def files() -> dict[Path, str]:
    """Every generated file and its text."""
    found = documents()
    made = {
        DOCS / "api" / f"{name}.openapi.json": json.dumps(document, indent=2, sort_keys=True) + "\n"
        for name, document in found.items()
    }
    return made | {
        DOCS / "api/problems.md": problems_page(),
        DOCS / "security/permissions.md": permissions_page(found),
        DOCS / "security/topics.md": access_matrix.page(),
        WEB / "src/contracts/generated/permissions.ts": typescript(),
        WEB / "public/api-reference.html": page(found),
    }


def main() -> int:
    """Writes them."""
    made = files()
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(made)} files written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
