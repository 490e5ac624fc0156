"""Settings of the telemetry gateway: the chassis's, and the limits of ingest and of the live view."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from pulse_bus.mqtt import NEVER
from pulse_chassis.process.settings import ServiceSettings
from pulse_contracts.access import PLAIN_SESSION


class GatewaySettings(ServiceSettings):
    """`credit`: unacknowledged batches that one collector may have at most; when a batch waits longer than
    `commit_wait_target` for its commit, all get less. `group_commit_max`: batches in one transaction,
    `group_commit_bytes_max`: their payloads' bytes. A group is collected while the last commit began less than
    `group_commit_interval` ago, and never for longer than `group_commit_age_max`. `plain_series_max`: series that a
    plain device may make by sending new names. `device_…`: what one collector may have: messages that wait for a
    commit, series, epochs, catalogs that are kept, and by how much its paces are multiplied
    (`handlers.DeviceBudget`)."""

    mqtt_receive_maximum: Annotated[int, Field(ge=1, le=65535)] = 500
    # long enough for a restart, short enough that the broker soon stops giving a removed replica its share
    mqtt_session_expiry: timedelta = timedelta(seconds=30)
    # a quarter for history, a quarter for what else is asked over HTTP, and the rest is never theirs
    database_pool_size: Annotated[int, Field(ge=4, le=100)] = 8
    credit: Annotated[int, Field(ge=2, le=1_000)] = 32
    group_commit_max: Annotated[int, Field(ge=1, le=5_000)] = 500
    group_commit_bytes_max: Annotated[int, Field(ge=1_000)] = 4_000_000
    group_commit_age_max: timedelta = timedelta(milliseconds=20)
    group_commit_interval: timedelta = timedelta(milliseconds=3)
    commit_wait_target: timedelta = timedelta(milliseconds=100)
    ledger_fragments_max: Annotated[int, Field(ge=16)] = 1_024
    plausible_span: timedelta = timedelta(days=3653)
    device_waiting_max: Annotated[int, Field(ge=1, le=65535)] = 250
    device_series_max: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    device_epochs_max: Annotated[int, Field(ge=1)] = 100_000
    device_catalogs_max: Annotated[int, Field(ge=1)] = 100
    device_pace: Annotated[float, Field(gt=0)] = 1.0
    plain_series_max: Annotated[int, Field(ge=1, le=10_000)] = 200
    # one session for all gateways, which the broker keeps for ever: it queues while none of them runs
    plain_session: str = PLAIN_SESSION
    plain_session_expiry: timedelta = NEVER
    clock_suspect_after: timedelta = timedelta(seconds=2)
    clock_behind_after: timedelta = timedelta(seconds=60)
    latest_every: timedelta = timedelta(milliseconds=500)
    history_deadline: timedelta = timedelta(seconds=20)
    resume_readings_max: Annotated[int, Field(ge=0)] = 100_000
    viewer_pending_bytes: Annotated[int, Field(ge=1_024)] = 262_144
    viewers_max: Annotated[int, Field(ge=1)] = 2_000
    viewers_of_account_max: Annotated[int, Field(ge=1)] = 100
    drain_spread: timedelta = timedelta(seconds=3)
    viewer_silence_notice: timedelta = timedelta(seconds=10)
    viewer_silence_end: timedelta = timedelta(seconds=30)
    quarantine_rows_max: Annotated[int, Field(ge=1)] = 10_000
    # messages of one topic with one reason: more of them show nothing new, and are counted
    quarantine_rows_each: Annotated[int, Field(ge=1)] = 100
    quarantine_bytes_max: Annotated[int, Field(ge=65_536)] = 256 * 1024 * 1024
    # readings are in chunks so long after they came, while compaction keeps up; `pause`: between two steps
    compaction_lag: timedelta = timedelta(seconds=30)
    compaction_rows: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    compaction_readings: Annotated[int, Field(ge=1_000, le=5_000_000)] = 100_000
    compaction_pause: timedelta = timedelta(milliseconds=20)
    compaction_quiet: timedelta = timedelta(minutes=15)
    retention_log: timedelta = timedelta(days=3)
    retention_raw: timedelta = timedelta(days=400)
    retention_minutes: timedelta = timedelta(days=2 * 366)
    retention_hours: timedelta = timedelta(days=10 * 366)
