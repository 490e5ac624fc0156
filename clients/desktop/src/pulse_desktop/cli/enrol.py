"""`pulse-collector enrol URL CODE`: enrols this collector at a server with a one-time code."""

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
from pulse_desktop.core.identity.enrolled import Enrolled, open_identity
from pulse_desktop.core.identity.model import PLACES, Identity, IdentityError, Secrets
from pulse_desktop.core.state_directory import lock
from pulse_desktop.core.status import snapshot
from pulse_jose.enrolment import Code, Enrolling, EnrolmentRefused

_SECONDS = 15.0


class EnrolError(Exception):
    """Enrolment failed. The message is one line with the problem and the remedy."""


@dataclass(frozen=True)
class EnrolRequest:
    """The arguments of the command. `ca_file`: authorities (PEM) of the server's certificate."""

    server: str
    code: str
    replaces: bool = False
    ca_file: Path | None = None


def run(folder: Path, request: EnrolRequest) -> int:
    """Enrols, and prints where the secrets are stored."""
    try:
        identity = enrol(open_identity(folder), request)
    except (EnrolError, IdentityError) as error:
        complain(str(error))
        return FAILED
    say(
        f"enrolled as {identity.device} ({identity.name}), generation {identity.gen}, at {identity.broker_url}",
        f"the secrets are in {PLACES[identity.place]}",
        "start it with: pulse-collector run",
    )
    return OK


def enrol(enrolled: Enrolled, request: EnrolRequest) -> Identity:
    """Enrols with the server and saves the identity. Overwrites one only if `replaces`. Raises EnrolError,
    IdentityError."""
    code, url = _code(request.code), _url(request.server)
    before = _before(enrolled, request)
    place = enrolled.prepare()
    enrolling = Enrolling(code, secrets.token_bytes)
    answer = _ask(url, enrolling, request)
    try:
        payload, seal_key = enrolling.open(answer, time.time)
        device = EnrolledDevice.model_validate_json(payload)
    except (EnrolmentRefused, ValidationError) as error:
        raise EnrolError(
            f"{url} could not prove that it knows the code: something may intercept the connection. "
            "Check the URL, then ask for a new code"
        ) from error
    if before is not None and before != device.device:
        raise EnrolError(
            f"{enrolled.folder} belongs to {before} and has its readings, but this code is for {device.device}. "
            "Choose another --state-dir, and ask for a new code: this one is used"
        )
    identity = Identity(
        device=device.device,
        name=device.name,
        gen=device.gen,
        broker_url=device.broker_url,
        prefix=device.prefix,
        roots=device.roots,
        server=request.server,
        enrolled=time.time_ns() // 1_000,
        place=place,
    )
    stored = Secrets(
        gen=device.gen,
        password=SecretStr(device.password),
        private_key=SecretStr(_text(enrolling.private_key)),
        seal_key=SecretStr(_text(seal_key)),
    )
    enrolled.save(identity, stored, device.ca, _text_of(request.ca_file))
    return identity


def _before(enrolled: Enrolled, request: EnrolRequest) -> str | None:
    """The device that the state directory belongs to: its readings must not be delivered for another device."""
    if lock.is_held(enrolled.folder):
        raise EnrolError("a collector is running on this state directory: stop it first")
    try:
        before = enrolled.read()
    except IdentityError:
        if not request.replaces:
            raise
        before = None
    if before is not None and not request.replaces:
        raise EnrolError(
            f"{enrolled.folder} is already enrolled as {before.device}: use --replace to enrol it again, or "
            "--state-dir for another collector"
        )
    return before.device if before is not None else _owner_of_readings(enrolled.folder)


def _owner_of_readings(folder: Path) -> str | None:
    """The device of the last collector here without an identity, if it left readings behind."""
    with contextlib.suppress(snapshot.NoStatusError):
        fields = snapshot.read(folder)
        if fields.get("waiting") or fields.get("quarantined") or fields.get("fault"):
            return str(fields["device"])
    return None


def _ask(url: str, enrolling: Enrolling, request: EnrolRequest) -> EnrolmentAnswer:
    verify = _context(request.ca_file)
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
        raise EnrolError(f"{url} is not a PrecisionPulse server: check the URL") from error


def _context(ca_file: Path | None) -> ssl.SSLContext | bool:
    if ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise EnrolError(f"--ca {ca_file}: {error.strerror or 'has no certificate'}") from error


def _text_of(ca_file: Path | None) -> str | None:
    return None if ca_file is None else ca_file.read_text("utf-8")


def _unreachable(url: str, error: httpx.HTTPError) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"the certificate of {url} is not trusted: pass its authority's file with --ca, or check the URL"
    reason = "timeout" if isinstance(error, httpx.TimeoutException) else str(error) or type(error).__name__
    return f"{url} cannot be reached ({reason}): check the URL and the network, and that the server is running"


def _refusal(url: str, answer: httpx.Response) -> str:
    try:
        code = str(answer.json().get("code", ""))
    except (ValueError, AttributeError):
        code = ""
    if code == "enrolment_refused":
        return "the code is wrong, used or expired (it is valid for 15 minutes): ask an administrator for a new one"
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return f"too many attempts: try again in {answer.headers.get('retry-after', 'some')} seconds"
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return f"{url} cannot enrol now ({answer.status_code}): try again in a moment with the same code"
    return f"{url} is not a PrecisionPulse server ({answer.status_code}): check the URL"


def _code(typed: str) -> Code:
    text = sys.stdin.readline() if typed == "-" else typed
    try:
        return Code.read(text)
    except ValueError as error:
        raise EnrolError(f"the code is invalid: {error}") from error


def _url(server: str) -> str:
    parts = urlsplit(server if "://" in server else f"https://{server}")
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.query:
        raise EnrolError(f"{server} is not the URL of a server: use for example https://pulse.example.org")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}/api/collectors/enrol"


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
