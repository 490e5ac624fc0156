"""Requests that the gateway refuses. Each class is one condition with one stable code."""

from pulse_contracts.errors import DomainError


class UnknownDevice(DomainError):
    """The device does not exist."""

    code, status = "not_found", 404


class UnknownSeries(DomainError):
    """The series does not exist."""

    code, status = "not_found", 404


class UnknownMessage(DomainError):
    """The quarantined message does not exist, or it was deleted."""

    code, status = "not_found", 404


class UnknownPreset(DomainError):
    """The preset does not exist. `GET /api/telemetry/plain-presets` lists the presets."""

    code, status = "unknown_preset", 422


class InvalidRange(DomainError):
    """The time range is empty, reversed, too long, or not in microseconds."""

    code, status = "invalid_range", 422


class InvalidSeries(DomainError):
    """The list of series is empty or invalid. Separate series ids with commas: `1,2,3`."""

    code, status = "invalid_series", 422


class InvalidCalendar(DomainError):
    """`every` or `tz` is invalid. `every` is a number and a unit (s, m, h, d, w, mo, y), such as `15m` or `1d`. `tz` is
    an IANA time zone, such as `Europe/Berlin`."""

    code, status = "invalid_calendar", 422


class InvalidCsvForm(DomainError):
    """The CSV options contradict each other. A decimal comma needs another separator."""

    code, status = "invalid_csv_form", 422


class TooMuch(DomainError):
    """The request exceeds a limit on series, buckets or readings. Ask for fewer series, longer buckets or a shorter
    range."""

    code, status = "too_much", 422


class ForeignCursor(DomainError):
    """The cursor is invalid or belongs to another query. Start again without a cursor."""

    code, status = "foreign_cursor", 422


class UnknownPosition(DomainError):
    """`after` is not a position of this export. Copy series, t, epoch and seq of the last complete line."""

    code, status = "foreign_place", 422


class NotContinuable(DomainError):
    """Only CSV exports can be continued. Export a shorter range to Parquet."""

    code, status = "not_continuable", 422


class OutputConflict(DomainError):
    """The output file or folder exists, or it is not an export that can be continued."""

    code, status = "output_conflict", 409


class HeldReadingsUnknown(DomainError):
    """It is not known which readings the collector still holds. Wait until it has connected and delivered its
    backlog."""

    code, status = "held_readings_unknown", 409
