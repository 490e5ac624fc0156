"""Checks what browsers send. Socket.IO accepts any JSON, calls any handler by name, and logs a client's faults as
errors."""

import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

_RESERVED: Final = frozenset({"connect", "disconnect"})
_UNREADABLE: Final = ["unreadable"]
_READERS: Final = ("socketio.packet", "engineio.packet", "socketio.async_server")


class StrictJson:
    """JSON for Socket.IO. Invalid JSON becomes an event without a handler; so does an event with a name that only the
    server may use. A duplicate field holds both values and therefore fits no schema."""

    @staticmethod
    def loads(text: str | bytes) -> Any:
        """Never raises."""
        try:
            found = json.loads(text, object_pairs_hook=_with_doubles)
        except (ValueError, RecursionError):
            return list(_UNREADABLE)
        if isinstance(found, list) and (not found or not isinstance(found[0], str) or found[0] in _RESERVED):
            return list(_UNREADABLE)
        return found

    @staticmethod
    def dumps(given: object, **options: Any) -> str:
        """See `json.dumps`."""
        return json.dumps(given, **options)


def _with_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        for name in found:
            if names.count(name) > 1:
                found[name] = [value for key, value in pairs if key == name]
    return found


class ClientFaults(logging.LoggerAdapter[logging.Logger]):
    """Logger for Engine.IO, which logs a client's faults (a foreign origin, an unknown transport, an invalid packet) as
    errors. Any client can cause these without limit, so they are logged at DEBUG. Errors of Engine.IO and of the
    gateway stay errors; messages about single packets are dropped."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, kwargs

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        if level < logging.WARNING:
            return
        if kwargs.get("exc_info") and _was_reading():
            super().log(logging.DEBUG, "invalid packet: %s", sys.exc_info()[1])
            return
        is_ours = level > logging.ERROR or kwargs.get("exc_info")
        super().log(level if is_ours else logging.DEBUG, msg, *args, **kwargs)


def _was_reading() -> bool:
    """Whether the current exception was raised by the code that parses packets."""
    traceback = sys.exc_info()[2]
    if traceback is None:
        return False
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_globals.get("__name__") in _READERS
