"""The settings of `make run`: environment variables `PULSE_…`, DATABASE_URL and MQTT_URL. Bad values stop the
process."""

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, Field, IPvAnyNetwork, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pulse_standalone.environment import origin
from pulse_standalone.ports import MAX_BASE, service_ports

_ADMIN_EMAIL = "admin@example.com"
_BROKER_PORTS = {"mqtt": 1883, "mqtts": 8883}
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")


class BadSettingsError(Exception):
    """The environment has bad values. `lines`: one line per variable, without the values, which may hold passwords."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def _switch(value: object) -> object:
    if isinstance(value, str):
        if value not in {"on", "off"}:
            raise ValueError("must be on or off")
        return value == "on"
    return value


def _between(lowest: int, highest: int) -> BeforeValidator:
    def check(value: object) -> int:
        text = str(value)
        if not (text.isascii() and text.isdecimal() and len(text) <= 5 and lowest <= int(text) <= highest):
            raise ValueError(f"must be a number from {lowest} to {highest}")
        return int(text)

    return BeforeValidator(check)


_Switch = Annotated[bool, BeforeValidator(_switch)]
_OptionalPort = Annotated[int, _between(0, 65535)]


class StateSettings(BaseSettings):
    """The settings of commands that read the state directory. `root`: the source tree."""

    model_config = SettingsConfigDict(
        env_prefix="PULSE_",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    root: Path = Field(default_factory=Path.cwd)
    state_dir: Path = Field(default_factory=lambda: Path.cwd() / ".pulse")

    @classmethod
    def load(cls, **values: Any) -> Self:
        """The settings of this process; `values` override the environment. Raises BadSettingsError."""
        try:
            return cls(**values)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
            raise BadSettingsError([_line(problem["loc"], problem["msg"]) for problem in problems]) from None


class ProgramSettings(StateSettings):
    """Where to look for servers first. `pg_bindir`: folder with PostgreSQL's programs. `mosquitto_root`: folder in
    which Mosquitto is installed as below `/`."""

    pg_bindir: Path | None = None
    mosquitto_root: Path | None = None


class Settings(StateSettings):
    """The settings of a whole run.

    `port`: the public port on `host`. `public_url`: the origin that browsers use, empty to derive it from host and
    port. `public_mqtt_url`: the broker's address for collectors, empty to derive it from `public_url`, host and the
    broker's port. `tls`: the certificate and the key of the public port; `authority` for a certificate of the local
    authority; None for HTTP. `hsts`: whether browsers learn to use HTTPS only; None for yes, unless the local
    authority issued the certificate. `trusted_proxies`: whose headers about the client are true.
    `service_port_base`: the services' own ports follow it, 0 to choose free ones at each start (see
    `pulse_standalone.ports`). `devices`: ids with broker accounts, besides the first collector. `gateways`: telemetry
    gateways that share the collectors.
    `broker_port`: the broker's TLS port, 0 to choose one and keep it. `broker_tls12_port`: another port that also
    accepts TLS 1.2, 0 for none. `broker_trace`: the broker logs every packet. `mqtt_plain`: the broker also listens
    without TLS on loopback. `broker_ca`, `broker_cert`, `broker_key`: PEM files of a certificate; with `mqtt_url`,
    `broker_ca` alone names the authorities of that broker. `database_url`, `mqtt_url`: existing servers to use
    instead of embedded ones.
    """

    tools_dir: Path = Field(default_factory=lambda: Path.cwd() / ".tools")
    port: Annotated[int, _between(1, 65535)] = 8080
    service_port_base: Annotated[int, _between(0, MAX_BASE)] = 18_080
    host: str = "127.0.0.1"
    public_url: str = ""
    public_mqtt_url: str = ""
    tls: Annotated[tuple[Path, ...] | Literal["authority"] | None, NoDecode] = None
    hsts: _Switch | None = None
    trusted_proxies: Annotated[tuple[IPvAnyNetwork, ...], NoDecode] = ()
    devices: Annotated[tuple[str, ...], NoDecode] = ()
    first_collector: _Switch = True
    collector_name: str = ""
    admin_email: str = _ADMIN_EMAIL
    gateways: Annotated[int, _between(1, 16)] = 1
    broker_port: _OptionalPort = 0
    broker_tls12_port: _OptionalPort = 0
    broker_trace: _Switch = False
    broker_ca: Path | None = None
    broker_cert: Path | None = None
    broker_key: Path | None = None
    mqtt_plain: _Switch = False
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    mqtt_url: str = Field(default="", validation_alias="MQTT_URL")

    @field_validator("tools_dir", "broker_ca", "broker_cert", "broker_key")
    @classmethod
    def _resolved(cls, value: Path | None) -> Path | None:
        return value.resolve() if value else None

    @field_validator("host")
    @classmethod
    def _without_brackets(cls, value: str) -> str:
        return value.strip().strip("[]") or "127.0.0.1"

    @field_validator("public_url")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        if not value:
            return value
        parts = _address(value)
        if parts is None or parts.scheme not in {"http", "https"} or parts.path not in {"", "/"} or parts.username:
            raise ValueError("must be the address that browsers open, for example https://pulse.example.org")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        return origin(parts.hostname or "", port, parts.scheme)

    @field_validator("public_mqtt_url")
    @classmethod
    def _is_broker_address(cls, value: str) -> str:
        if not value:
            return value
        parts = _address(value)
        host = parts.hostname or "" if parts else ""
        if parts is None or parts.scheme not in _BROKER_PORTS or not _HOST.fullmatch(host) or _has_more(parts):
            raise ValueError(
                "must be the broker's address for collectors, without an account, for example "
                "mqtts://broker.example.org:8883"
            )
        return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}:{parts.port or _BROKER_PORTS[parts.scheme]}"

    @field_validator("tls", mode="before")
    @classmethod
    def _is_certificate(cls, value: object) -> object:
        if not isinstance(value, str) or value == "authority":
            return value
        files = tuple(Path(name).resolve() for name in value.split(",") if name)
        if len(files) != 2:
            raise ValueError("must be authority, or the PEM files of a certificate and its key: cert.pem,key.pem")
        return files

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        try:
            listed = json.loads(value) if value.startswith("[") else [part.strip() for part in value.split(",")]
            return tuple(part for part in listed if part)
        except (ValueError, TypeError):
            raise ValueError("must be addresses and networks, separated by commas") from None

    @field_validator("devices", mode="before")
    @classmethod
    def _separated(cls, value: object) -> object:
        return tuple(name for name in value.split(",") if name) if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: str) -> str:
        parts = _address(value)
        if value and (parts is None or parts.scheme not in {"postgres", "postgresql"}):
            raise ValueError("is not the URL of a PostgreSQL server: use postgresql://role:password@host:port/postgres")
        return value

    @field_validator("mqtt_url")
    @classmethod
    def _is_broker(cls, value: str) -> str:
        parts = _address(value)
        if value and (parts is None or parts.scheme not in {"mqtt", "mqtts"} or parts.username or parts.password):
            raise ValueError(
                "must be mqtts://host:port without an account: `.venv/bin/pulse rules` prints the accounts"
            )
        return value

    @model_validator(mode="after")
    def _has_distinct_ports(self) -> Self:
        taken = service_ports(self.service_port_base, self.gateways)
        own = {"PULSE_PORT": self.port, "PULSE_BROKER_PORT": self.broker_port}
        for name, port in (own | {"PULSE_BROKER_TLS12_PORT": self.broker_tls12_port}).items():
            service = next((one for one, used in taken.items() if used == port), None)
            if service is not None:
                remedy = "choose another one, or another PULSE_SERVICE_PORT_BASE"
                raise ValueError(f"{name}: {port} is the port of {service}: {remedy}")
        return self

    @model_validator(mode="after")
    def _has_whole_certificate(self) -> Self:
        named = (self.broker_ca, self.broker_cert, self.broker_key)
        if not self.mqtt_url and any(named) and not all(named):
            raise ValueError("PULSE_BROKER_CERT, PULSE_BROKER_KEY and PULSE_BROKER_CA must all be set, or none")
        return self


def _address(text: str) -> SplitResult | None:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:  # an invalid port, or an unmatched bracket
        return None
    return parts if port != 0 and (parts.hostname or "host=" in parts.query) else None


def _has_more(parts: SplitResult) -> bool:
    """Whether an address has more than scheme, host and port."""
    return "@" in parts.netloc or parts.path not in {"", "/"} or bool(parts.query or parts.fragment)


def _line(location: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ")
    if not location:
        return text
    name = str(location[0])
    return f"{name if name.isupper() else f'PULSE_{name.upper()}'}: {text}"
