"""Chooses the client: the service that runs on the state directory, else an engine in this process."""

from pulse_desktop.client.attached import AttachedClient
from pulse_desktop.client.in_process import InProcessClient
from pulse_desktop.client.port import EngineClient
from pulse_desktop.core.settings import Settings
from pulse_desktop.core.state_directory import lock


def open_client(settings: Settings, password: str) -> EngineClient:
    """A client that is not started. `password`: of the broker; only an engine in this process uses it."""
    if lock.is_held(settings.state_dir):
        return AttachedClient(settings.state_dir)
    return InProcessClient(settings, password)
