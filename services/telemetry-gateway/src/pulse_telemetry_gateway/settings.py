"""Settings of the telemetry gateway: those of the chassis, and the limits of ingest and the live view."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from pulse_bus.mqtt import NEVER
from pulse_chassis.process.settings import SecretKey, ServiceSettings
from pulse_contracts.access import PLAIN_SESSION


class GatewaySettings(ServiceSettings):
    """role: `ingest` stores what devices send, `live` serves browsers, `all` does both. The HTTP API is the same.
    credit: most unacknowledged batches of one collector. When a batch waits longer than `commit_wait_target` for its
    commit, every collector gets less.
    group_commit_max, group_commit_bytes_max: batches and payload bytes in one transaction. A group collects while the
    last commit started less than `group_commit_interval` ago, and for at most `group_commit_age_max`.
    plain_series_max: series that a plain device may create by sending new names.
    gateway_key: seals the announcement of the key that signs commands, and that key in the database. auth has the same
        one. None: no commands.
    device_…: limits of one collector: messages that wait for a commit, series, epochs, catalogs that are kept, and a
        factor for its rates (`handlers.DeviceBudget`).
    """

    role: Literal["all", "ingest", "live"] = "all"
    mqtt_receive_maximum: Annotated[int, Field(ge=1, le=65535)] = 500
    # long enough for a restart, and short enough that the broker soon stops queueing for a removed replica
    mqtt_session_expiry: timedelta = timedelta(seconds=10)
    # a quarter for history, a quarter for other HTTP requests, the rest for ingest and background jobs
    database_pool_size: Annotated[int, Field(ge=4, le=100)] = 8
    # a process that is stopped within a commit holds locks of devices that other gateways take over
    database_idle_timeout: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(seconds=5)
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
    gateway_key: SecretKey | None = None
    plain_series_max: Annotated[int, Field(ge=1, le=10_000)] = 200
    # one session for all gateways that never expires: the broker queues while no gateway runs
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
    # messages of one topic and reason; more of them are counted but not kept
    quarantine_rows_each: Annotated[int, Field(ge=1)] = 100
    quarantine_bytes_max: Annotated[int, Field(ge=65_536)] = 256 * 1024 * 1024
    # lag: latest time from arrival to chunk while compaction keeps up; pause: time between two steps
    compaction_lag: timedelta = timedelta(seconds=30)
    compaction_rows: Annotated[int, Field(ge=1, le=10_000)] = 1_000
    compaction_readings: Annotated[int, Field(ge=1_000, le=5_000_000)] = 100_000
    compaction_pause: timedelta = timedelta(milliseconds=20)
    compaction_quiet: timedelta = timedelta(minutes=15)
    retention_log: timedelta = timedelta(days=3)
    retention_raw: timedelta = timedelta(days=400)
    retention_minutes: timedelta = timedelta(days=2 * 366)
    retention_hours: timedelta = timedelta(days=10 * 366)
    retention_connections: Annotated[timedelta, Field(gt=timedelta(0))] = timedelta(days=90)
