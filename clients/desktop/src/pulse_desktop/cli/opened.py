"""Opens the mirror of a state directory for one command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pulse_desktop.core.clock import Clock
from pulse_desktop.core.identity.enrolled import open_identity
from pulse_desktop.core.mirror.opening import OpenMirror, open_for_command


class NotEnrolledError(Exception):
    """This state directory has no enrolment, and therefore no accounts."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not enrolled: enrol it with pulse-collector enrol URL CODE")


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[OpenMirror]:
    """The mirror, beside a running collector. Raises NotEnrolledError, IdentityError, StoreFailure."""
    enrolled = open_identity(folder)
    identity = enrolled.read()
    if identity is None:
        raise NotEnrolledError(folder)
    mirror = await open_for_command(enrolled, identity, Clock())
    try:
        yield mirror
    finally:
        await mirror.close()
