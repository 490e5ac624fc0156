"""Status of processes and devices. Retained; the last will reports `offline`."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pulse_contracts.message import PRINTABLE, Message, Micros
from pulse_contracts.mirror import MirrorState


class Status(Message):
    """Status of one process or device.

    since: when the state began. In a last will: when the connection was opened.
    waiting: readings in the backlog.
    oldest_waiting: when the oldest reading of the backlog was taken.
    buffer_fill: how full a collector's buffer is, from 0 to 1.
    full_in: seconds until the buffer is full at the current rate. Sent once the buffer is half full. 0: the buffer is
        full, and the oldest readings lose detail.
    mirror: state of a collector's credential mirror. None: it is not enrolled.
    """

    state: Literal["online", "offline"]
    since: Micros
    version: Annotated[str, StringConstraints(max_length=32, pattern=PRINTABLE)] = ""
    name: Annotated[str, StringConstraints(max_length=128, pattern=PRINTABLE)] = ""
    waiting: Annotated[int, Field(ge=0, le=2**62)] | None = None
    oldest_waiting: Micros | None = None
    buffer_fill: Annotated[float, Field(ge=0, le=1)] | None = None
    full_in: Annotated[int, Field(ge=0, le=2**53)] | None = None
    mirror: MirrorState | None = None
