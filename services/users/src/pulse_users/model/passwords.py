"""Which passwords are accepted, and how hard one is to guess. docs/decisions/0015 has the reasons.

There are no rules about kinds of characters: they make passwords harder to remember and hardly harder to guess (NIST SP
800-63B-4 §3.1.1.2, ASVS 5 §6.2.5).
"""

import re
import threading
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from zxcvbn import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from pulse_contracts.errors import DomainError
from pulse_passwords import MAX_PASSWORD_BYTES
from pulse_users.model.patterns import without_patterns

FLOOR = 8
MAX_PASSWORD = 128
_MIN_CONTEXT = 4
_SCORED = 72
"""How many characters are scored: zxcvbn takes quadratic time, and no score changes after this many."""
_PRODUCT = ("precisionpulse", "precision", "pulse")
_WORDS = re.compile(r"[^\W_]+")
_EDGES = re.compile(r"^[\W\d_]++|(?<![\W\d_])[\W\d_]++$")
"""Possessive, and anchored to the start of a run: otherwise a run in the middle takes quadratic time."""
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_SCORING = threading.Lock()
"""zxcvbn keeps the context words of a call in a module table: concurrent calls would mix them."""

PasswordFault = Literal["too_short", "too_long", "not_text", "common", "pattern", "contains_context"]
_EXPLANATIONS: dict[PasswordFault, str] = {
    "too_short": "It needs at least {minimum} characters.",
    "too_long": f"It may have at most {MAX_PASSWORD} characters and {MAX_PASSWORD_BYTES} bytes.",
    "not_text": "It is not valid Unicode text.",
    "common": "It is a common password, or little more than a common word.",
    "pattern": "It is little more than a sequence, neighbouring keys or a repetition.",
    "contains_context": "It is little more than your name, your e-mail or the name of this product.",
}


class InvalidPassword(DomainError):
    """The password is too short, too long, too common, little more than a sequence or a repetition, or little more than
    a name that belongs to the account. `problems` lists the broken rules."""

    code = "password_unfit"

    def __init__(self, faults: Iterable[PasswordFault], minimum: int) -> None:
        found = list(faults)
        super().__init__(
            "The password is not accepted. " + " ".join(_EXPLANATIONS[f].format(minimum=minimum) for f in found)
        )
        self.members = {"problems": found}


@dataclass(frozen=True)
class PasswordRules:
    """`minimum`: counted in characters after NFC. `blocked`: case-folded passwords. `company`: a context word."""

    minimum: int = 12
    blocked: frozenset[str] = field(default=frozenset(), repr=False)
    company: str = ""

    def faults(self, password: str, email: str = "", name: str = "") -> list[PasswordFault]:
        """The rules that the password breaks, for an account with this e-mail and name."""
        if len(password) > 2 * MAX_PASSWORD_BYTES:
            return ["too_long"]
        composed = unicodedata.normalize("NFC", password)
        try:
            size = len(composed.encode())
        except UnicodeEncodeError:
            return ["not_text"]
        found: list[PasswordFault] = []
        if len(composed) < max(self.minimum, FLOOR):
            found.append("too_short")
        if len(composed) > MAX_PASSWORD or size > MAX_PASSWORD_BYTES:
            found.append("too_long")
        folded = composed.casefold()
        left = without_patterns(folded[:MAX_PASSWORD])
        if self._is_common(folded) or self._is_common(left):
            found.append("common")
        if left != folded and len(left) < FLOOR:
            found.append("pattern")
        words = context_words(email, name, self.company)
        if _is_little_more_than(folded, words) or _is_little_more_than(left, words):
            found.append("contains_context")
        return found

    def check(self, password: str, email: str = "", name: str = "") -> None:
        """Raises InvalidPassword."""
        if found := self.faults(password, email, name):
            raise InvalidPassword(found, self.minimum)

    def _is_common(self, folded: str) -> bool:
        core = _EDGES.sub("", folded)
        if folded in self.blocked:
            return True
        if len(folded) - len(core) >= FLOOR:
            return False
        return core in self.blocked or (core in _short_words() and _has_year_behind(folded, core))


def _has_year_behind(folded: str, core: str) -> bool:
    return _YEAR.search(folded, folded.index(core) + len(core)) is not None


@cache
def _short_words() -> frozenset[str]:
    """zxcvbn's words that are shorter than a password: a guesser tries them with a year ("welcome2024!")."""
    return frozenset(word for entries in FREQUENCY_LISTS.values() for word in entries if len(word) < FLOOR)


def context_words(email: str, name: str, company: str) -> list[str]:
    """What a guesser tries first: product, company, the local part and host of the e-mail, and the parts of the
    name."""
    texts = (*_PRODUCT, company, company.replace(" ", ""), *email.split("@"), *_WORDS.findall(f"{name} {company}"))
    local = _WORDS.findall(email.partition("@")[0])
    folded = {unicodedata.normalize("NFC", text).casefold() for text in (*texts, *local)}
    return sorted((word for word in folded if len(word) >= _MIN_CONTEXT), key=lambda word: (-len(word), word))


def _is_little_more_than(folded: str, words: Iterable[str]) -> bool:
    """Whether what is left of a password without the context words is too short to be a password."""
    left = folded
    for word in words:
        left = left.replace(word, "")
    return left != folded and len(left) < FLOOR


def read_blocklist(lines: Iterable[str] = ()) -> frozenset[str]:
    """zxcvbn's frequency lists (passwords, English words, names: 41,621 of at least 8 characters) and further lines,
    case-folded."""
    words = (word for entries in FREQUENCY_LISTS.values() for word in entries)
    further = (unicodedata.normalize("NFC", line.rstrip("\r\n")).casefold() for line in lines)
    return frozenset(word for source in (words, further) for word in source if len(word) >= FLOOR)


def score(password: str, context: list[str]) -> int:
    """0 (guessed at once) to 4 (hard to guess), by zxcvbn (Wheeler, USENIX Security 2016). Takes up to 200 ms of CPU
    time."""
    composed = unicodedata.normalize("NFC", password[:_SCORED])[:_SCORED]
    if not composed:
        return 0
    with _SCORING:
        return int(zxcvbn(composed, user_inputs=context)["score"])
