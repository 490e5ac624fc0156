"""A client of PrecisionPulse: `async with PulseClient(url, ApiKey("pp_…")) as pulse: …`."""

from pulse_client.client import PulseClient
from pulse_client.credentials import ApiKey, Password
from pulse_client.errors import PulseError, SecondFactorRequired
from pulse_client.models import (
    Account,
    AccountLink,
    ApiKeyInfo,
    AuditRecord,
    Device,
    Epoch,
    Ledger,
    Limit,
    NewApiKey,
    Reading,
    RunningSession,
    Sampled,
    Series,
)

__all__ = [
    "Account",
    "AccountLink",
    "ApiKey",
    "ApiKeyInfo",
    "AuditRecord",
    "Device",
    "Epoch",
    "Ledger",
    "Limit",
    "NewApiKey",
    "Password",
    "PulseClient",
    "PulseError",
    "Reading",
    "RunningSession",
    "Sampled",
    "SecondFactorRequired",
    "Series",
]
