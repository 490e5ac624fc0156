"""The state of processes and devices, retained, with a last will that says offline."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pulse_contracts.message import PRINTABLE, Message, Micros


class Status(Message):
    """`since`: when this state began. `waiting`: readings in the backlog; `oldest_waiting`: when the oldest of them was
    taken. `buffer_fill`: how full a collector's buffer is, 0 to 1; `full_in`: seconds until it is full at the present
    rate, said from half full on (0: it is full, and the oldest readings lose detail). A last will carries `offline` and
    the time at which the connection it belongs to was opened."""

    state: Literal["online", "offline"]
    since: Micros
    version: Annotated[str, StringConstraints(max_length=32, pattern=PRINTABLE)] = ""
    name: Annotated[str, StringConstraints(max_length=128, pattern=PRINTABLE)] = ""
    waiting: Annotated[int, Field(ge=0, le=2**62)] | None = None
    oldest_waiting: Micros | None = None
    buffer_fill: Annotated[float, Field(ge=0, le=1)] | None = None
    full_in: Annotated[int, Field(ge=0, le=2**53)] | None = None
