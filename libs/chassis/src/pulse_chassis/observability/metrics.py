"""Metrics of one process in the Prometheus text format. Each process has its own registry; nothing is global."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Creates and renders metrics. Names get the prefix `pulse_`, and counters the suffix `_total`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = self.histogram(
            "http_request_seconds", "Duration of HTTP requests", ["method", "route", "status"]
        )

        self._observers: dict[tuple[str, str, int], Callable[[float], None]] = {}

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Counts one response. `method` and `route` (a template) must not hold text of a client, because each
        combination stays in memory."""
        observe = self._observers.get((method, route, status))
        if observe is None:
            observe = self._observers[method, route, status] = self.requests.labels(method, route, str(status)).observe
        observe(seconds)

    def counter(self, name: str, text: str, labels: list[str] | None = None) -> Counter:
        """Returns a new counter: a value that only increases."""
        return Counter(f"pulse_{name}", text, labels or [], registry=self.registry)

    def observed_counter(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Adds a counter whose value `read` returns. The value must only increase."""
        self.registry.register(_ObservedCounter(f"pulse_{name}", text, read))

    def gauge(self, name: str, text: str, labels: list[str] | None = None) -> Gauge:
        """Returns a new gauge: a value that increases and decreases."""
        return Gauge(f"pulse_{name}", text, labels or [], registry=self.registry)

    def histogram(self, name: str, text: str, labels: list[str] | None = None) -> Histogram:
        """Returns a new histogram of seconds."""
        return Histogram(f"pulse_{name}", text, labels or [], registry=self.registry)

    def render(self) -> bytes:
        """Returns every metric in the Prometheus text format."""
        return generate_latest(self.registry)


class _ObservedCounter(Collector):
    def __init__(self, name: str, text: str, read: Callable[[], float]) -> None:
        self._name, self._text, self._read = name, text, read

    def collect(self) -> Iterator[CounterMetricFamily]:
        yield CounterMetricFamily(self._name, self._text, value=self._read())
