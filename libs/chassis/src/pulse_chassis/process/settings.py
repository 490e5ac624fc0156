"""The settings of every service. Invalid values stop the process with a list of them."""

import base64
import binascii
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TypeVar

from pydantic import AfterValidator, Field, IPvAnyNetwork, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

_Origin = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.\-_\[\]:]+$")]
"""An origin in the form that browsers send: scheme, host and port. `*` and `null` are not allowed."""


def decoded_key(value: SecretStr) -> bytes:
    """Decodes a secret of 32 bytes in base64url. Raises ValueError."""
    text = value.get_secret_value()
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("must be 32 bytes in base64url") from None
    if len(raw) != 32:
        raise ValueError("must be 32 bytes in base64url")
    return raw


def _is_key(value: SecretStr) -> SecretStr:
    decoded_key(value)
    return value


SecretKey = Annotated[SecretStr, AfterValidator(_is_key)]
"""32 bytes in base64url."""


class ServiceSettings(BaseSettings):
    """Settings from `PULSE_…` environment variables, and secrets from files in `PULSE_SECRETS_DIR` with the same names
    in lower case. Secrets belong in files, because crash reports show the environment.

    database_idle_timeout: PostgreSQL ends a transaction whose process does nothing for so long, and frees its locks.
    mqtt_url: `mqtts://host:port`.
    mqtt_client_id: the client id at the broker, different for each process. Default: name, host name and HTTP port.
    mqtt_session_expiry: how long the broker keeps the session of a configured client id after a disconnect. A session
        with the default client id ends at once.
    mqtt_ca_file: the trusted certificate authorities (PEM) for the broker.
    public_url: the origin of the web client.
    allowed_origins: further origins of it (JSON list), for example `http://localhost:8080`.
    audit_key: the key of the audit trail's hashes, 32 bytes in base64url. Each service has its own. Keep it: the trail
        cannot be verified without it.
    trusted_proxies: addresses or networks (JSON list) whose `X-Forwarded-For` is trusted. Empty: none.
    """

    model_config = SettingsConfigDict(env_prefix="PULSE_", frozen=True, extra="ignore", hide_input_in_errors=True)

    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Field(ge=0, le=65535)] = 0
    database_url: str
    database_password: SecretStr | None = None
    database_pool_size: Annotated[int, Field(ge=2, le=100)] = 8
    database_idle_timeout: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=30)
    mqtt_url: str
    mqtt_password: SecretStr
    mqtt_client_id: str | None = None
    mqtt_ca_file: Path | None = None
    mqtt_prefix: str = "pulse/v1"
    mqtt_session_expiry: timedelta = timedelta(hours=1)
    mqtt_receive_maximum: Annotated[int, Field(ge=1, le=65535)] = 100
    mqtt_publish_buffer_max: Annotated[int, Field(ge=65_536)] = 32 * 1024 * 1024
    migrate_on_start: bool = False
    audit_key: SecretKey
    trusted_proxies: tuple[IPvAnyNetwork, ...] = ()
    public_url: str = "http://127.0.0.1:8080"
    allowed_origins: tuple[_Origin, ...] = ()
    log_format: Literal["console", "json"] = "json"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    shutdown_timeout: timedelta = timedelta(seconds=10)

    @property
    def origins(self) -> tuple[str, ...]:
        """All allowed origins. The public origin is the first."""
        return tuple(dict.fromkeys((self.public_url.rstrip("/"), *self.allowed_origins)))


S = TypeVar("S", bound=ServiceSettings)


def load(settings: type[S]) -> S:
    """Reads the settings. Exits with code 2 and one line for each invalid value, without showing the value."""
    folder = os.environ.get("PULSE_SECRETS_DIR")
    if "PULSE_PUBLIC_ORIGIN" in os.environ:
        sys.stderr.write("PULSE_PUBLIC_ORIGIN: this setting is now called PULSE_PUBLIC_URL\n")
        raise SystemExit(2)
    try:
        return settings(_secrets_dir=Path(folder) if folder else None)
    except ValidationError as error:
        exit_with_errors(error)


def exit_with_errors(error: ValidationError) -> NoReturn:
    """Prints one line per invalid setting on stderr and exits with code 2."""
    for problem in error.errors(include_url=False, include_input=False):
        name = "PULSE_" + "_".join(str(part) for part in problem["loc"]).upper()
        sys.stderr.write(f"{name}: {problem['msg']}\n")
    raise SystemExit(2)
