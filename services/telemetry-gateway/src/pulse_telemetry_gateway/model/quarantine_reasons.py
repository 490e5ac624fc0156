"""Explains to an administrator why a message is in quarantine."""

import re
from typing import Final

_CODES: Final = {
    "unreadable": "The message is invalid: it is not JSON, or it does not match the schema of its topic.",
    "refused_values": "Some values of the message could not be stored. Its other values were stored.",
    "malformed_device": "The last level of the topic is not a device id.",
    "foreign_device": "The message names another device than its topic.",
    "plain_epoch": "The message uses epoch 0, which is reserved for plain devices.",
    "series_redeclared": "The device declared one of its series ids for another series.",
    "handler_failed": "The gateway failed to handle the message several times. This is a bug in "
    "the gateway: please report it with the gateway's log of that time.",
}
_VALUES: Final = {
    "bad_name": "has a name without letters or digits",
    "name_taken": "has the same name as another value after cleaning",
    "name_too_long": "has a name of more than 512 characters",
    "duplicate_name": "has two values for the same time",
    "time_not_understood": "is not a valid time",
    "implausible_time": "has a time more than ten years from now",
    "out_of_range": "is an integer beyond 2^53, which would be rounded",
    "not_finite": "is not a finite number",
    "too_deep": "is nested more than eight levels deep",
    "too_many_series": "is a new series, but the device has reached its limit of series",
}
_WHOLE: Final = {
    "no_values": "The message has no value.",
    "too_many_values": "The message has more than 1,000 values or 5,000 parts: send several messages.",
}
_REFUSED: Final = re.compile(r"('(?:[^'\\]++|\\.)*+'|\"(?:[^\"\\]++|\\.)*+\"): ([a-z_]+)")


def explain(code: str, detail: str) -> str:
    """One or more sentences. An unknown code is returned as it is, with its detail."""
    if code == "refused_values":
        found = _REFUSED.findall(detail)
        whole = [_WHOLE[why] for _, why in found if why in _WHOLE]
        if whole:
            return " ".join(whole)
        parts = [f"{name} {_VALUES[why]}" for name, why in found if why in _VALUES]
        return f"{_CODES[code]} {'; '.join(parts)}{'; …' if detail.endswith('…') else ''}." if parts else _CODES[code]
    known = _CODES.get(code)
    return f"{known} ({detail})" if known and detail else known or f"{code}: {detail}"
