"""Valid e-mail addresses, and what is wrong with invalid ones."""

import re

import idna

from pulse_contracts.errors import DomainError

MAX_EMAIL = 254
_MAX_LOCAL = 64
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL, _DOMAIN = rf"{_ATOM}(?:\.{_ATOM})*", rf"{_LABEL}(?:\.{_LABEL})*"
EMAIL = rf"^(?=[^@]{{1,{_MAX_LOCAL}}}@){_LOCAL}@{_DOMAIN}$"
"""A dot-atom (RFC 5322 §3.2.3) and a host name. ASCII only, so that lower case is unambiguous."""


class InvalidEmail(DomainError):
    """The e-mail address is invalid: it is not ASCII, has more than 254 characters, or is malformed. Write domains of
    other scripts in their `xn--` form."""

    code = "email_malformed"


def check_email(email: str) -> None:
    """Raises InvalidEmail."""
    if problem := email_problem(email):
        raise InvalidEmail(problem)


def email_problem(email: str) -> str | None:
    """What is wrong with the address and what to write instead, in a sentence; None for a valid one."""
    if len(email) <= MAX_EMAIL and re.fullmatch(EMAIL, email):
        return None
    local, _, domain = email.rpartition("@")
    if len(email) > MAX_EMAIL or len(local) > _MAX_LOCAL:
        return f"An e-mail address has at most {MAX_EMAIL} characters, and at most {_MAX_LOCAL} before the @."
    if not local or not domain:
        return "Write a complete e-mail address, such as ada@example.org."
    return _local_problem(local) or _domain_problem(local, domain)


def _local_problem(local: str) -> str | None:
    if re.fullmatch(_LOCAL, local):
        return None
    if re.fullmatch(_LOCAL, local.replace(".", "")):
        return "The part of the e-mail address before the @ must not start or end with a dot or have two dots in a row."
    return "The part of the e-mail address before the @ may only have letters a to z, digits and .!#$%&'*+/=?^_`{|}~-"


def _domain_problem(local: str, domain: str) -> str:
    ascii_form = _ascii_form(domain)
    if ascii_form is not None:
        return f"Write the domain of the e-mail address in its ASCII form: {local}@{ascii_form}"
    return "The domain after the @ is not valid. It has letters, digits and hyphens between dots, as in example.org."


def _ascii_form(domain: str) -> str | None:
    """The `xn--` form of a domain in another script (UTS 46, as in browsers)."""
    if domain.isascii():
        return None
    try:
        return idna.encode(domain, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return None
