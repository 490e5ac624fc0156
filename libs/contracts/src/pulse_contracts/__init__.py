"""Topics and messages: everything that goes over the wire, and nothing else.

Import the modules, not names from here: `telemetry` (readings and their acknowledgement), `accounts` (who may sign in),
`auth` (keys and revocations), `system` (status), `live` (gateway and browser), `topics` (the catalogue of topics).
"""
