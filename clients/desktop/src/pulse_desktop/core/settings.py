"""The collector's settings: environment variables `PULSE_…`, overridden by flags. Bad values stop the process."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, StringConstraints, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pulse_contracts.message import DeviceName


class BadSettingsError(Exception):
    """The settings are invalid. `lines`: one line per bad setting."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def _env(name: str) -> AliasChoices:
    return AliasChoices(name, f"PULSE_{name.upper()}")


class Settings(BaseSettings):
    """The settings of one collector. Secrets come from files, never from the command line."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    state_dir: Path = Field(
        default=Path.home() / ".local" / "state" / "pulse-collector",
        validation_alias=AliasChoices("state_dir", "PULSE_COLLECTOR_STATE_DIR"),
    )
    device: DeviceName = Field(validation_alias=_env("device"))
    mqtt_url: str = Field(default="mqtt://127.0.0.1:1883", validation_alias=_env("mqtt_url"))
    mqtt_password_file: Path | None = Field(default=None, validation_alias=_env("mqtt_password_file"))
    mqtt_ca_file: Path | None = Field(default=None, validation_alias=_env("mqtt_ca_file"))
    mqtt_prefix: str = Field(default="pulse/v1", pattern=r"^[^#+\s]{1,128}$", validation_alias=_env("mqtt_prefix"))
    name: Annotated[str, StringConstraints(max_length=128)] = Field(
        default="", validation_alias=AliasChoices("name", "PULSE_COLLECTOR_NAME")
    )
    host_metrics: bool = Field(default=True, validation_alias=_env("host_metrics"))
    simulator_rate: float = Field(default=0.0, ge=0, le=100_000, validation_alias=_env("simulator_rate"))
    simulator_series: int = Field(default=10, ge=1, le=5_000, validation_alias=_env("simulator_series"))
    simulator_seed: int | None = Field(default=None, validation_alias=_env("simulator_seed"))
    buffer_max_bytes: int = Field(
        default=1_000_000_000, ge=1_000_000, le=2**44, validation_alias=_env("buffer_max_bytes")
    )
    buffer_max_readings: int = Field(
        default=500_000_000, ge=1_000, le=2**50, validation_alias=_env("buffer_max_readings")
    )
    buffer_min_free_bytes: int = Field(
        default=100_000_000, ge=0, le=2**44, validation_alias=_env("buffer_min_free_bytes")
    )
    backup_interval: timedelta = Field(
        default=timedelta(0), ge=timedelta(0), le=timedelta(days=90), validation_alias=_env("backup_interval")
    )
    remote_commands: bool = Field(default=True, validation_alias=_env("remote_commands"))
    journal: Path | None = Field(default=None, validation_alias=_env("journal"))
    log_format: Literal["json", "console"] = Field(default="console", validation_alias=_env("log_format"))

    @field_validator("mqtt_url")
    @classmethod
    def _is_broker(cls, value: str) -> str:
        scheme, _, rest = value.partition("://")
        if scheme not in {"mqtt", "mqtts"} or not rest or "@" in rest:
            raise ValueError("must be mqtts://host:port, without credentials")
        return value

    @field_validator("backup_interval", mode="before")
    @classmethod
    def _is_duration(cls, value: object) -> object:
        if isinstance(value, str) and not re.fullmatch(r"P(\d{1,3}D)?(T(\d{1,4}H)?(\d{1,5}M)?(\d{1,7}S)?)?", value):
            raise ValueError("must be a duration such as PT24H (24 hours) or P2D")
        return value

    @classmethod
    def load(cls, flags: dict[str, Any]) -> Self:
        """The settings of this process. `flags`: the flags of the command line. Raises BadSettingsError."""
        try:
            return cls(**flags)
        except ValidationError as error:
            raise BadSettingsError([_line(str(e["loc"][0]), e["msg"]) for e in error.errors()]) from error

    def password(self) -> str:
        """The broker password; empty without a password file. Raises BadSettingsError when the file cannot be read."""
        if self.mqtt_password_file is None:
            return ""
        try:
            return self.mqtt_password_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadSettingsError([_line("mqtt_password_file", str(error))]) from error


def _line(name: str, message: str) -> str:
    field = name.removeprefix("PULSE_").lower()
    env = {"state_dir": "PULSE_COLLECTOR_STATE_DIR", "name": "PULSE_COLLECTOR_NAME"}.get(
        field, f"PULSE_{field.upper()}"
    )
    return f"{env} / --{field.replace('_', '-')}: {message.removeprefix('Value error, ')}"
