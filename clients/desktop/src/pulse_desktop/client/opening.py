"""Chooses the client: the service that runs on the state directory, else an engine in this process."""

from pulse_desktop.client.in_process import InProcessClient
from pulse_desktop.client.port import EngineClient
from pulse_desktop.core.settings import Settings


def open_client(settings: Settings, password: str) -> EngineClient:
    """A client that is not started."""
    return InProcessClient(settings, password)
