"""What remote commands do with this collector."""

import asyncio
from collections.abc import Callable

from pulse_desktop.core import logs
from pulse_desktop.core.commands.runner import CommandFailed, Controls
from pulse_desktop.core.mirror.configuration import Configuration
from pulse_desktop.core.mirror.driver import Mirror
from pulse_desktop.core.model import StoreFailure
from pulse_desktop.core.sources.host import Pace


def make_controls(
    configuration: Configuration,
    pace: Pace,
    mirror: Mirror,
    doctor: Callable[[], str] | None,
    restart: Callable[[], None],
) -> Controls:
    """The controls of a running collector. `doctor`: the report of every check; runs in a thread."""

    async def pause_replay(is_paused: bool) -> None:  # noqa: FBT001  # the signature of the control
        try:
            await configuration.pause_replay(is_paused=is_paused)
        except StoreFailure as error:
            raise CommandFailed("state_directory_not_writable") from error

    async def resync_mirror() -> None:
        try:
            is_running = await mirror.request_resync()
        except StoreFailure as error:
            raise CommandFailed("mirror_not_writable") from error
        if not is_running:
            raise CommandFailed("mirror_not_running")

    async def run_doctor() -> str:
        if doctor is None:
            raise CommandFailed("no_doctor")
        return await asyncio.to_thread(doctor)

    return Controls(
        collect_now=pace.measure_now,
        set_interval=pace.set_interval,
        pause_replay=pause_replay,
        resync_mirror=resync_mirror,
        run_doctor=run_doctor,
        fetch_log=logs.recent,
        restart=restart,
    )
