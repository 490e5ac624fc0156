"""How the collector signs in at the broker: as it was enrolled, or as its settings say."""

import os
from typing import Any

from pulse_desktop.core.identity import IdentityError, open_identity
from pulse_desktop.core.settings import BadSettingsError, Settings

_FROM_IDENTITY = ("device", "mqtt_url", "mqtt_prefix", "mqtt_ca_file", "name")
_ENV = {"name": "PULSE_COLLECTOR_NAME"}


def load_settings(flags: dict[str, Any]) -> Settings:
    """The settings of this process: flags, then the environment, then what enrolment told. Raises BadSettingsError."""
    given = {"state_dir": flags["state_dir"]} if "state_dir" in flags else {}
    try:
        folder = Settings.load({**given, "device": "any"}).state_dir
    except BadSettingsError:
        return Settings.load(flags)  # which says all that is wrong
    enrolled = open_identity(folder)
    try:
        identity = enrolled.read()
        authorities = enrolled.authorities(identity) if identity else None
    except IdentityError as error:
        raise BadSettingsError([str(error)]) from error
    if identity is None:
        return Settings.load(flags)
    told: dict[str, Any] = {
        "device": identity.device,
        "mqtt_url": identity.broker_url,
        "mqtt_prefix": identity.prefix,
        "mqtt_ca_file": authorities,
        "name": identity.name,
    }
    unsaid = {name for name in _FROM_IDENTITY if _ENV.get(name, f"PULSE_{name.upper()}") not in os.environ}
    found = Settings.load({name: told[name] for name in unsaid if told[name] is not None} | flags)
    if found.device != identity.device:
        raise BadSettingsError(
            [f"PULSE_DEVICE / --device: {folder} is enrolled as {identity.device}: choose another --state-dir"]
        )
    return found


def broker_password(settings: Settings) -> str:
    """From the file that the settings name, else as enrolled; empty when neither is there. Raises BadSettingsError."""
    if settings.mqtt_password_file is not None:
        return settings.password()
    enrolled = open_identity(settings.state_dir)
    try:
        identity = enrolled.read()
        return enrolled.secrets(identity).password.get_secret_value() if identity else ""
    except IdentityError as error:
        raise BadSettingsError([str(error)]) from error
