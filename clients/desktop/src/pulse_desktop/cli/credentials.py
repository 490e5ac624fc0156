"""The collector's broker credentials: from the settings, else from its enrolment."""

import os
from typing import Any

from pulse_desktop.core.identity.enrolled import open_identity
from pulse_desktop.core.identity.model import IdentityError
from pulse_desktop.core.settings import BadSettingsError, Settings

_FROM_IDENTITY = ("device", "mqtt_url", "mqtt_prefix", "mqtt_ca_file", "name")
_ENV = {"name": "PULSE_COLLECTOR_NAME"}


def load_settings(flags: dict[str, Any]) -> Settings:
    """The settings of this process: flags, then environment, then enrolment. Raises BadSettingsError."""
    try:
        folder = general_settings(flags).state_dir
    except BadSettingsError:
        return Settings.load(flags)  # raises with every bad setting
    enrolled = open_identity(folder)
    try:
        identity = enrolled.read()
        authorities = enrolled.authorities(identity) if identity else None
    except IdentityError as error:
        raise BadSettingsError([str(error)]) from error
    if identity is None:
        return Settings.load(flags)
    defaults: dict[str, Any] = {
        "device": identity.device,
        "mqtt_url": identity.broker_url,
        "mqtt_prefix": identity.prefix,
        "mqtt_ca_file": authorities,
        "name": identity.name,
    }
    unset = {name for name in _FROM_IDENTITY if _ENV.get(name, f"PULSE_{name.upper()}") not in os.environ}
    settings = Settings.load({name: defaults[name] for name in unset if defaults[name] is not None} | flags)
    if settings.device != identity.device:
        raise BadSettingsError(
            [f"PULSE_DEVICE / --device: {folder} is enrolled as {identity.device}: choose another --state-dir"]
        )
    return settings


def general_settings(flags: dict[str, Any]) -> Settings:
    """The settings that do not depend on the enrolment, such as the state directory. Its `device` means nothing. Raises
    BadSettingsError."""
    state_dir = {"state_dir": flags["state_dir"]} if "state_dir" in flags else {}
    return Settings.load({**state_dir, "device": "any"})


def broker_password(settings: Settings) -> str:
    """The password from the file in the settings, else from the enrolment, else empty. Raises BadSettingsError."""
    if settings.mqtt_password_file is not None:
        return settings.password()
    enrolled = open_identity(settings.state_dir)
    try:
        identity = enrolled.read()
        return enrolled.secrets(identity).password.get_secret_value() if identity else ""
    except IdentityError as error:
        raise BadSettingsError([str(error)]) from error
