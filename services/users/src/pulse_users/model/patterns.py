"""Patterns that a guesser tries first: sequences, neighbouring keys and repetitions."""

import re

_MIN_RUN = 4
"""Shorter runs occur in words ("first", "certain")."""
_MIN_REPEATED = 6
_STEPS = (1, -1, 2, -2)
_MIN_NUMBERS = 3
_MAX_DIGITS = 4
_ROWS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    "1234567890-=qwertyuiop[]asdfghjkl;'zxcvbnm,./",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "йцукенгшщзхъфывапролджэячсмитьбю",
    "!@#$%^&*()_+",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "qazwsxedcrfvtgbyhnujmikolp",
    "qweasdzxcrtyfghvbnuiojkl",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "147258369",
    "741852963",
)
_TABLES = (*_ROWS, *(row[::-1] for row in _ROWS))
_DOUBLED = re.compile(r"(?:(.)\1++)++", re.DOTALL)
"""Possessive: otherwise a run of 60 equal characters followed by another one takes exponential time."""
_SAME = re.compile(r"(.)\1+", re.DOTALL)


def without_patterns(folded: str) -> str:
    """What is left of a case-folded password without its patterns; the password itself if it has none. Also recognises
    doubled characters ("112233") and two alternating patterns ("1a2b3c4d")."""
    candidates = [_reduced(folded), _reduced(folded[::2]) + _reduced(folded[1::2])]
    if _DOUBLED.fullmatch(folded):
        candidates.append(_reduced(_SAME.sub(r"\1", folded)))
    return min(candidates, key=len)


def _reduced(text: str) -> str:
    once, at, left = _without_repetitions(text), 0, ""
    while at < len(once):
        run = _run(once, at)
        if run < _MIN_RUN:
            left, run = left + once[at], 1
        at += run
    return left


def _without_repetitions(text: str) -> str:
    """The text with each repetition reduced to one copy."""
    at, kept = 0, ""
    while at < len(text):
        most, size = 0, 1
        for width in range(1, (len(text) - at) // 2 + 1):
            block, copies = text[at : at + width], 1
            while text.startswith(block, at + copies * width):
                copies += 1
            saved = (copies - 1) * width
            is_repeated = copies > 2 if width == 1 else copies > 1 and copies * width >= _MIN_REPEATED
            if is_repeated and saved > most:
                most, size = saved, width
        kept += text[at : at + size]
        at += size + most
    return kept


def _run(text: str, at: int) -> int:
    """How many characters from `at` on are consecutive in an alphabet or on a keyboard."""
    longest = max(max(_counted(text, at, step), _numbers(text, at, step)) for step in _STEPS)
    for table in _TABLES:
        while longest < len(text) - at and text[at : at + longest + 1] in table:
            longest += 1
    return longest


def _counted(text: str, at: int, step: int) -> int:
    end = at + 1
    while end < len(text) and text[end].isalnum() and ord(text[end]) - ord(text[end - 1]) == step:
        end += 1
    return end - at


def _numbers(text: str, at: int, step: int) -> int:
    """How many characters from `at` on are consecutive numbers ("8101214"); 0 for fewer than three numbers."""
    longest = 0
    for digits in range(1, _MAX_DIGITS + 1):
        first = text[at : at + digits]
        if len(first) < digits or not (first.isascii() and first.isdecimal()):
            break
        number, end, count = int(first), at + digits, 1
        while (number := number + step) >= 0 and text.startswith(str(number), end):
            end, count = end + len(str(number)), count + 1
        if count >= _MIN_NUMBERS:
            longest = max(longest, end - at)
    return longest
