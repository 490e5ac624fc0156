"""What browsers send, read with care: Socket.IO takes any JSON, calls any handler by its name, and logs as an error of
ours what a client does wrong."""

import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

_RESERVED: Final = frozenset({"connect", "disconnect"})
_UNREADABLE: Final = ["unreadable"]
_READERS: Final = ("socketio.packet", "engineio.packet", "socketio.async_server")


class StrictJson:
    """JSON for Socket.IO. What cannot be read becomes an event that nobody handles; so does one that would call what
    only the server may call. A field that is given twice holds both values, and so fits no schema."""

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
        """As `json.dumps`."""
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
    """engineio says `error` for what a client does wrong (a foreign origin, an unknown transport, a packet that is
    none): no fault of ours, and anybody may do it for ever, so it is told at DEBUG only. Its own failures and ours stay
    errors; its chatter about each packet is left out."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, kwargs

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        if level < logging.WARNING:
            return
        if kwargs.get("exc_info") and _was_reading():
            super().log(logging.DEBUG, "a packet that cannot be read: %s", sys.exc_info()[1])
            return
        is_ours = level > logging.ERROR or kwargs.get("exc_info")
        super().log(level if is_ours else logging.DEBUG, msg, *args, **kwargs)


def _was_reading() -> bool:
    """Whether the exception being handled was raised by the code that takes packets apart."""
    traceback = sys.exc_info()[2]
    if traceback is None:
        return False
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame.f_globals.get("__name__") in _READERS
