"""`pulse-collector enrol URL CODE`: becomes a collector that the server knows."""

import base64
import contextlib
import secrets
import ssl
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr, ValidationError

from pulse_contracts.enrolment import EnrolledDevice, EnrolmentAnswer
from pulse_desktop.cli.terminal import FAILED, OK, complain, say
from pulse_desktop.core import lock, status
from pulse_desktop.core.identity import PLACES, Enrolled, Identity, IdentityError, Secrets, open_identity
from pulse_jose.enrolment import Code, Enrolling, EnrolmentRefused

_SECONDS = 15.0


class EnrolError(Exception):
    """One line for a person: what went wrong, and what to do."""


@dataclass(frozen=True)
class Wish:
    """What was typed. `ca_file`: authorities (PEM) of the server's own certificate."""

    server: str
    code: str
    replaces: bool = False
    ca_file: Path | None = None


def run(folder: Path, wish: Wish) -> int:
    """Enrols, and says where the secrets are."""
    try:
        identity = enrol(open_identity(folder), wish)
    except (EnrolError, IdentityError) as error:
        complain(str(error))
        return FAILED
    say(
        f"enrolled as {identity.device} ({identity.name}), generation {identity.gen}, at {identity.broker_url}",
        f"the secrets are in {PLACES[identity.place]}",
        "start it with: pulse-collector run",
    )
    return OK


def enrol(enrolled: Enrolled, wish: Wish) -> Identity:
    """The whole exchange; nothing is overwritten unless the wish says so. Raises EnrolError, IdentityError."""
    code, url = _code(wish.code), _url(wish.server)
    before = _before(enrolled, wish)
    place = enrolled.prepare()
    enrolling = Enrolling(code, secrets.token_bytes)
    answer = _ask(url, enrolling, wish)
    try:
        payload, seal_key = enrolling.open(answer, time.time)
        told = EnrolledDevice.model_validate_json(payload)
    except (EnrolmentRefused, ValidationError) as error:
        raise EnrolError(
            f"{url} answered, but does not hold the code: something stands between here and the server. "
            "Check the URL, then ask for a new code"
        ) from error
    if before is not None and before != told.device:
        raise EnrolError(
            f"{enrolled.folder} belongs to {before}, whose readings it holds; this code is for {told.device}. "
            "Choose another --state-dir, and ask for a new code: this one is used up"
        )
    identity = Identity(
        device=told.device,
        name=told.name,
        gen=told.gen,
        broker_url=told.broker_url,
        prefix=told.prefix,
        roots=told.roots,
        server=wish.server,
        enrolled=time.time_ns() // 1_000,
        place=place,
    )
    kept = Secrets(
        gen=told.gen,
        password=SecretStr(told.password),
        private_key=SecretStr(_text(enrolling.private_key)),
        seal_key=SecretStr(_text(seal_key)),
    )
    enrolled.keep(identity, kept, told.ca)
    return identity


def _before(enrolled: Enrolled, wish: Wish) -> str | None:
    """Whose state directory this is: readings that wait in it must not be delivered under another name."""
    if lock.is_held(enrolled.folder):
        raise EnrolError("a collector runs on this state directory: stop it first")
    try:
        before = enrolled.read()
    except IdentityError:
        if not wish.replaces:
            raise
        before = None
    if before is not None and not wish.replaces:
        raise EnrolError(
            f"{enrolled.folder} is enrolled as {before.device} already: --replace enrols it again, "
            "--state-dir makes another collector"
        )
    return before.device if before is not None else _whose_readings(enrolled.folder)


def _whose_readings(folder: Path) -> str | None:
    """Of a collector that ran here without an identity, if anything of it waits."""
    with contextlib.suppress(status.NoStatusError):
        found = status.read(folder)
        if found.get("waiting") or found.get("quarantined") or found.get("fault"):
            return str(found["device"])
    return None


def _ask(url: str, enrolling: Enrolling, wish: Wish) -> EnrolmentAnswer:
    verify = _context(wish.ca_file)
    try:
        with httpx.Client(timeout=_SECONDS, verify=verify, follow_redirects=False, trust_env=True) as http:
            answer = http.post(url, json=enrolling.offer.model_dump())
    except httpx.HTTPError as error:
        raise EnrolError(_unreachable(url, error)) from error
    if answer.status_code != httpx.codes.OK:
        raise EnrolError(_refusal(url, answer))
    try:
        return EnrolmentAnswer.model_validate_json(answer.content)
    except ValueError as error:
        raise EnrolError(f"{url} is no PrecisionPulse server: check the URL") from error


def _context(ca_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise EnrolError(f"--ca {ca_file}: {error.strerror or 'holds no certificate'}") from error


def _unreachable(url: str, error: httpx.HTTPError) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"{url}: its certificate is not trusted here: give the authority's file with --ca, or check the URL"
    why = "no answer in time" if isinstance(error, httpx.TimeoutException) else str(error) or type(error).__name__
    return f"{url} cannot be reached ({why}): check the URL, the network and whether the server runs"


def _refusal(url: str, answer: httpx.Response) -> str:
    try:
        code = str(answer.json().get("code", ""))
    except (ValueError, AttributeError):
        code = ""
    if code == "enrolment_refused":
        return "the code is wrong, used or expired (it lasts 15 minutes): ask an administrator for a new one"
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return f"too many attempts: try again in {answer.headers.get('retry-after', 'some')} seconds"
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return f"{url} is not able to enrol now ({answer.status_code}): try again in a moment with the same code"
    return f"{url} is no PrecisionPulse server ({answer.status_code}): check the URL"


def _code(typed: str) -> Code:
    text = sys.stdin.readline() if typed == "-" else typed
    try:
        return Code.read(text)
    except ValueError as error:
        raise EnrolError(f"this is no code: {error}") from error


def _url(server: str) -> str:
    parts = urlsplit(server if "://" in server else f"https://{server}")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        raise EnrolError(f"{server} is no address of a server: https://pulse.example.org")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/api/collectors/enrol"


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
