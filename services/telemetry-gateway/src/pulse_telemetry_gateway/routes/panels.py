"""The panels of a dashboard as JSON. Every field is required, so that a stored panel means the same to every client."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from pulse_contracts.message import PRINTABLE

COLUMNS = 12
MAX_CHART_SERIES, MAX_TABLE_SERIES = 50, 200
_MULTILINE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"


def _distinct(ids: list[int]) -> list[int]:
    if len(set(ids)) != len(ids):
        raise ValueError("each series may occur only once")
    return ids


Finite = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Switch = Annotated[bool, Field(strict=True)]
Unit = Annotated[str, StringConstraints(max_length=32, pattern=PRINTABLE)]
Decimals = Annotated[int, Field(ge=0, le=6, strict=True)]
SeriesNumber = Annotated[int, Field(ge=0, lt=2**31, strict=True, description="the `id` of a series")]
_UNIQUE = {"uniqueItems": True}
ChartSeries = Annotated[
    list[SeriesNumber], Field(max_length=MAX_CHART_SERIES, json_schema_extra=_UNIQUE), AfterValidator(_distinct)
]
TableSeries = Annotated[
    list[SeriesNumber], Field(max_length=MAX_TABLE_SERIES, json_schema_extra=_UNIQUE), AfterValidator(_distinct)
]
_Label = Annotated[str, StringConstraints(max_length=20, pattern=PRINTABLE)]
_Column = Annotated[int, Field(ge=0, lt=COLUMNS, strict=True)]
_Width = Annotated[int, Field(ge=1, le=COLUMNS, strict=True)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limit(_Part):
    """Values above (or below) `value` are a warning, or critical."""

    severity: Literal["warning", "critical"]
    direction: Literal["above", "below"]
    value: Finite


Limits = Annotated[list[Limit], Field(max_length=8)]


class _Panel(_Part):
    """x, y, w, h: place and size on a grid of 12 columns. Panels may overlap; the page moves them apart."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,36}$")]
    title: Annotated[str, StringConstraints(max_length=120, pattern=PRINTABLE)]
    x: _Column
    y: Annotated[int, Field(ge=0, le=2_000, strict=True)]
    w: _Width
    h: Annotated[int, Field(ge=1, le=40, strict=True)]

    @model_validator(mode="after")
    def _is_within_the_grid(self) -> Self:
        if self.x + self.w > COLUMNS:
            raise ValueError(f"x + w must be at most {COLUMNS}")
        return self

    def series_ids(self) -> list[int]:
        """The series that the panel shows."""
        found = getattr(self, "series", None)
        if found is None:
            return []
        return found if isinstance(found, list) else [found]


class Axis(_Part):
    """`auto` follows the values and ignores `min` and `max`. `fixed` needs both. `log` is logarithmic, and its bounds
    are above zero."""

    mode: Literal["auto", "fixed", "log"]
    min: Finite | None
    max: Finite | None

    @model_validator(mode="after")
    def _has_valid_bounds(self) -> Self:
        if self.mode == "fixed" and (self.min is None or self.max is None):
            raise ValueError("a fixed axis needs min and max")
        if self.min is not None and self.max is not None and self.min >= self.max:
            raise ValueError("min must be less than max")
        if self.mode == "log" and any(bound is not None and bound <= 0 for bound in (self.min, self.max)):
            raise ValueError("the bounds of a logarithmic axis must be above zero")
        return self


class ChartPanel(_Panel):
    """Values over time. `unit`, `decimals`: null takes those of the series. `shade`: mark gaps and late readings."""

    kind: Literal["chart"]
    series: ChartSeries
    axis: Axis
    limits: Limits
    unit: Unit | None
    decimals: Decimals | None
    show_table: Switch
    shade: Switch


class NumberPanel(_Panel):
    """The newest value of a series."""

    kind: Literal["number"]
    series: SeriesNumber | None
    unit: Unit | None
    decimals: Decimals | None
    limits: Limits
    show_sparkline: Switch


class GaugePanel(_Panel):
    """The newest value of a series between two bounds."""

    kind: Literal["gauge"]
    series: SeriesNumber | None
    min: Finite
    max: Finite
    unit: Unit | None
    decimals: Decimals | None
    limits: Limits

    @model_validator(mode="after")
    def _has_valid_bounds(self) -> Self:
        if self.min >= self.max:
            raise ValueError("min must be less than max")
        return self


class SwitchLabels(_Part):
    """The words for true and false."""

    on: _Label
    off: _Label


class SwitchPanel(_Panel):
    """Whether series are on or off."""

    kind: Literal["switch"]
    series: ChartSeries
    labels: SwitchLabels


class TablePanel(_Panel):
    """The newest values of series."""

    kind: Literal["table"]
    series: TableSeries
    decimals: Decimals | None


class TextPanel(_Panel):
    """Text that people write."""

    kind: Literal["text"]
    text: Annotated[str, StringConstraints(max_length=4_000, pattern=_MULTILINE)]


Panel = Annotated[
    ChartPanel | NumberPanel | GaugePanel | SwitchPanel | TablePanel | TextPanel, Field(discriminator="kind")
]
