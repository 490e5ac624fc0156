"""Topics and messages: the formats of everything that is sent over a network.

Import from the modules: `telemetry` (readings and their acknowledgement), `accounts` (accounts), `auth` (keys and
revocations), `system` (status), `live` (messages between gateway and browser), `topics` (the catalogue of topics).
"""
