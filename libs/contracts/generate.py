"""Generates the AsyncAPI 3 document, the JSON Schemas and the web client's TypeScript types from the contracts.

`make generate` runs it. A test fails when a file is stale. Python code uses the models, not these files.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from pulse_contracts import live
from pulse_contracts.accounts import AccountRecord, MirroredAccount, VerifierRecord
from pulse_contracts.collectors import CollectorRecord
from pulse_contracts.commands import Command
from pulse_contracts.mirror import AuditEntries, MirrorEnvelope, MirrorRecords, ReportContent
from pulse_contracts.topics import CATALOGUE, ROOT
from pulse_contracts.trust import AnnouncedKey, TrustedKeySet

REPOSITORY = Path(__file__).resolve().parents[2]
GENERATED = REPOSITORY / "libs/contracts/generated"
TYPESCRIPT = REPOSITORY / "clients/web/src/contracts/generated/live.ts"
VERSION = "1.0.0"

_INSIDE: tuple[type[BaseModel], ...] = (
    AccountRecord,
    MirroredAccount,
    VerifierRecord,
    CollectorRecord,
    AnnouncedKey,
    TrustedKeySet,
    MirrorEnvelope,
    MirrorRecords,
    ReportContent,
    AuditEntries,
    Command,
)
"""The content of sealed and signed messages."""

_LIVE: tuple[type[BaseModel], ...] = (
    live.Subscribe,
    live.Subscribed,
    live.LiveRefusal,
    live.Authenticate,
    live.Authenticated,
    live.TokenExpiring,
    live.LiveFrame,
    live.DeviceState,
    live.DeviceStates,
    live.Changes,
    live.Notice,
    live.Drain,
    live.Ended,
)


def schemas() -> dict[str, dict[str, Any]]:
    """Returns every message by name as JSON Schema 2020-12 with references to `#/components/schemas`."""
    models: list[type[BaseModel]] = [*(topic.message for topic in CATALOGUE), *_INSIDE, *_LIVE]
    modes = [(model, "serialization") for model in dict.fromkeys(models)]
    _, document = models_json_schema(modes, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    definitions: dict[str, dict[str, Any]] = document["$defs"]
    return definitions


def asyncapi() -> dict[str, Any]:
    """Returns the AsyncAPI 3 document of the bus: the operations of every party."""
    channels, operations, messages = {}, {}, {}
    for topic in CATALOGUE:
        name = topic.message.__name__
        key = topic.template.split("/{")[0].replace("/", "_")
        messages[name] = {
            "contentType": topic.message.content_type,
            "payload": {"$ref": f"#/components/schemas/{name}"},
        }
        channels[key] = {
            "address": f"{ROOT}/{topic.template}",
            "summary": topic.summary,
            "parameters": {level: {"description": f"one topic level: the {level}"} for level in topic.levels},
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
            "bindings": {"mqtt": {"bindingVersion": "0.2.0"}},
        }
        for action, parties in (("send", topic.publishers), ("receive", topic.consumers)):
            for party in sorted(parties):
                operations[f"{party}_{action}_{key}"] = {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{key}"},
                    "bindings": {"mqtt": {"qos": topic.qos, "retain": topic.retain}},
                    "x-share-group": topic.share,
                }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "PrecisionPulse bus", "version": VERSION, "license": {"name": "Apache-2.0"}},
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas()},
    }


def typescript() -> str:
    """Returns the Socket.IO messages as TypeScript types."""
    known = schemas()
    lines = ["// Generated from pulse_contracts.live by `make generate`. Do not edit.", ""]
    for model in _LIVE:
        schema = known[model.__name__]
        summary = " ".join(str(schema.get("description", "")).split())
        if summary:
            lines.append(f"/** {summary} */")
        lines.append(f"export type {model.__name__} = {{")
        is_sent_by_browser = model in {live.Subscribe, live.Authenticate}  # may omit fields with a default
        for name, part in schema.get("properties", {}).items():
            optional = "?" if is_sent_by_browser and not model.model_fields[name].is_required() else ""
            lines.append(f"  {name}{optional}: {_type(part)};")
        lines += ["};", ""]
    lines.append("/** The namespaces of changes, with the permission that each needs. */")
    lines.append("export const CHANGE_NAMESPACES = {")
    lines += [f'  "{name}": "{permission}",' for name, permission in live.CHANGE_NAMESPACES.items()]
    lines += ["} as const;", ""]
    return "\n".join(lines)


_PLAIN = {"integer": "number", "number": "number", "string": "string", "boolean": "boolean", "null": "null"}


def _type(schema: dict[str, Any]) -> str:
    literals = [schema["const"]] if "const" in schema else schema.get("enum")
    if literals:
        return " | ".join(json.dumps(value) for value in literals)
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(part) for part in schema["anyOf"]))
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    kind = schema.get("type")
    if kind == "array":
        inner = _type(schema["items"])
        return f"readonly ({inner})[]" if "|" in inner else f"readonly {inner}[]"
    if kind == "object":
        values = schema.get("additionalProperties") or next(iter(schema["patternProperties"].values()))
        return f"Readonly<Record<string, {_type(values)}>>"
    return _PLAIN[str(kind)]  # KeyError: this JSON type has no mapping


def files() -> dict[Path, str]:
    """Returns the text of every generated file."""
    document = yaml.safe_dump(asyncapi(), sort_keys=False, allow_unicode=True, width=120)
    texts = {GENERATED / "asyncapi.yaml": document, TYPESCRIPT: typescript()}
    for name, schema in schemas().items():
        full = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        text = json.dumps(full, indent=2).replace("#/components/schemas/", "")
        texts[GENERATED / "schemas" / f"{name}.json"] = text + "\n"
    return texts


def main() -> int:
    """Writes the generated files."""
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{len(files())} files written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
