"""Why a message lies in quarantine, in the words of the person who has to mend it."""

import re
from typing import Final

_CODES: Final = {
    "unreadable": "The message cannot be read: it is not JSON, or does not have the form of its topic.",
    "refused_values": "Some values of the message cannot be stored. Its other values were stored.",
    "malformed_device": "The last level of the topic is not a device id.",
    "foreign_device": "The message says that it comes from another device than its topic.",
    "plain_epoch": "The message uses epoch 0, which the gateway numbers itself.",
    "series_redeclared": "The device gave one of its series ids a new meaning.",
    "handler_failed": "The gateway could not work on the message, although it tried several times. This is a fault of "
    "the gateway: please report it with the log of that time.",
}
_VALUES: Final = {
    "bad_name": "has a name without letters or digits",
    "name_taken": "has a name that becomes the same as another one's",
    "name_too_long": "has a name of more than 512 characters",
    "duplicate_name": "has two values for the same time",
    "time_not_understood": "should be a time, but is not one that is known",
    "implausible_time": "has a time more than ten years from now",
    "out_of_range": "is a whole number beyond 2^53, which would be rounded",
    "not_finite": "is not a finite number",
    "too_deep": "lies more than eight objects deep",
    "too_many_series": "is a new series, and the device has as many as it may have",
}
_WHOLE: Final = {
    "no_values": "The message holds no value.",
    "too_many_values": "The message holds more than 1,000 values, or 5,000 parts: send several messages.",
}
_REFUSED: Final = re.compile(r"('(?:[^'\\]++|\\.)*+'|\"(?:[^\"\\]++|\\.)*+\"): ([a-z_]+)")


def explained(code: str, detail: str) -> str:
    """One or more sentences. Falls back on the code and the detail as they are."""
    if code == "refused_values":
        found = _REFUSED.findall(detail)
        whole = [_WHOLE[why] for _, why in found if why in _WHOLE]
        if whole:
            return " ".join(whole)
        parts = [f"{name} {_VALUES[why]}" for name, why in found if why in _VALUES]
        return f"{_CODES[code]} {'; '.join(parts)}{'; …' if detail.endswith('…') else ''}." if parts else _CODES[code]
    known = _CODES.get(code)
    return f"{known} ({detail})" if known and detail else known or f"{code}: {detail}"
