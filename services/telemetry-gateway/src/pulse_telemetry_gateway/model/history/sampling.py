"""Downsampling by M4: keeps the first, minimum, maximum and last reading of each bucket, so that no extreme is lost
(Jugel et al., "M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014)."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Values: TypeAlias = NDArray[np.float64] | NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Window:
    """[start, end) in microseconds, divided into `buckets`."""

    start: int
    end: int
    buckets: int


def m4(t: NDArray[np.int64], v: Values, window: Window) -> NDArray[np.int64]:
    """Indices of the kept readings, ascending in time. All readings must lie in the window. Sampling a sample together
    with more readings gives the sample of all, so parts can be added one after the other."""
    order = np.argsort(t, kind="stable")
    if len(order) == 0:
        return order
    width = max(1, -(-(window.end - window.start) // window.buckets))
    bucket = (t[order] - window.start) // width
    starts = np.flatnonzero(np.diff(bucket, prepend=bucket[0] - 1))
    ends = np.append(starts[1:], len(order)) - 1
    by_value = np.lexsort((v[order], bucket))  # ascending by value within each bucket
    kept = np.unique(np.concatenate((starts, ends, by_value[starts], by_value[ends])))
    chosen: NDArray[np.int64] = order[kept]
    return chosen
