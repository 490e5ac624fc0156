"""How a connection to the broker ends, and what its reason codes mean."""

_NOT_AUTHORIZED = {0x86, 0x87, 0x8C}


class Drained(Exception):
    """Leaves the connection's task group on purpose."""


class SubscribeRefused(Exception):
    """SUBACK with a failure code: an access rule of the broker is missing."""


def innermost(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """What went wrong first, out of the groups that task groups wrap it in."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def is_refusal(error: BaseException) -> bool:
    """Whether the broker said no (MQTT 5, 2.4), so that trying again soon is of no use."""
    code = getattr(error, "rc", None)
    value = getattr(code, "value", code)
    return isinstance(error, SubscribeRefused) or value in _NOT_AUTHORIZED


def reason(code: int) -> str:
    """A reason code of PUBACK in words (MQTT 5, 3.4.2.1)."""
    names = {
        0x83: "implementation specific",
        0x87: "not authorized",
        0x90: "topic name invalid",
        0x97: "quota exceeded",
    }
    return names.get(code, "failed")
