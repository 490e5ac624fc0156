"""`pulse SERVICE COMMAND` knows the commands of the services, and the documents name no other ones."""

import re

import pytest

from pulse_auth.__main__ import PROGRAM as AUTH
from pulse_chassis.process.commands import Program
from pulse_standalone.tools import COMMANDS
from pulse_sync_publisher.__main__ import PROGRAM as SYNC
from pulse_telemetry_gateway.__main__ import PROGRAM as GATEWAY
from pulse_testkit.plugin import REPOSITORY
from pulse_users.__main__ import PROGRAM as USERS

OF_ALL = {"migrate", "openapi", "verify-audit"}
DOCUMENTS = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs/guides").glob("*.md"))]


@pytest.mark.parametrize("program", [AUTH, GATEWAY, SYNC, USERS], ids=lambda program: program.identity.name)
def test_the_table_of_commands_is_that_of_the_service(program: Program) -> None:  # type: ignore[type-arg]
    assert set(COMMANDS[program.identity.name]) == OF_ALL | program.commands.keys()


def test_there_is_no_other_service() -> None:
    assert set(COMMANDS) == {program.identity.name for program in (AUTH, GATEWAY, SYNC, USERS)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_documents_name_only_commands_that_exist(document: object) -> None:
    text = document.read_text()  # type: ignore[attr-defined]
    for service, command in re.findall(r"\.venv/bin/pulse ([a-z-]+) ([a-z][a-z-]*)", text):
        assert command in COMMANDS[service], f"{service} {command}"
    assert not re.search(r"(?<!same as `)python -m pulse_(?!SERVICE)", text), "as written, this needs many settings"
