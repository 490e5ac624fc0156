"""Reasons why a connection to the broker ends, and the meaning of MQTT reason codes."""

_NOT_AUTHORIZED = {0x86, 0x87, 0x8C}


class Drained(Exception):
    """Leaves the task group of the connection after `drain`."""


class SubscribeRefused(Exception):
    """The broker rejected a subscription (SUBACK with a failure code). An access rule of the broker is missing."""


def first_error(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Returns the first error inside nested exception groups."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def is_refusal(error: BaseException) -> bool:
    """Whether the broker refused the client (MQTT 5, 2.4), so that an immediate retry is useless."""
    code = getattr(error, "rc", None)
    value = getattr(code, "value", code)
    return isinstance(error, SubscribeRefused) or value in _NOT_AUTHORIZED


def reason(code: int) -> str:
    """Returns a PUBACK reason code in words (MQTT 5, 3.4.2.1)."""
    names = {
        0x83: "implementation specific",
        0x87: "not authorized",
        0x90: "topic name invalid",
        0x97: "quota exceeded",
    }
    return names.get(code, "failed")
