"""Metrics of one process, in the Prometheus text format. Each process owns its registry: nothing is global."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """Makes and renders metrics; names get the prefix `pulse_`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = self.histogram(
            "http_request_seconds", "Duration of HTTP requests", ["method", "route", "status"]
        )

        self._observers: dict[tuple[str, str, int], Callable[[float], None]] = {}

    def observe_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """One answer. `method` is one of a few, and `route` a template, never what a client may invent: each set is
        kept."""
        observe = self._observers.get((method, route, status))
        if observe is None:
            observe = self._observers[method, route, status] = self.requests.labels(method, route, str(status)).observe
        observe(seconds)

    def counter(self, name: str, text: str, labels: list[str] | None = None) -> Counter:
        """Something that only grows."""
        return Counter(f"pulse_{name}", text, labels or [], registry=self.registry)

    def gauge(self, name: str, text: str, labels: list[str] | None = None) -> Gauge:
        """Something that goes up and down."""
        return Gauge(f"pulse_{name}", text, labels or [], registry=self.registry)

    def histogram(self, name: str, text: str, labels: list[str] | None = None) -> Histogram:
        """A distribution, in seconds."""
        return Histogram(f"pulse_{name}", text, labels or [], registry=self.registry)

    def render(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self.registry)
