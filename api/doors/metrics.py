"""What the server tells Prometheus about itself, read at each scrape."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from prometheus_client import CollectorRegistry, Gauge, GCCollector, PlatformCollector, ProcessCollector

Value: TypeAlias = Callable[[], float]


def registry(gauges: Mapping[str, tuple[str, Value]]) -> CollectorRegistry:
    """A registry of this app alone: `name: (help, function)`, the process's own figures beside them."""
    found = CollectorRegistry()
    for name, (words, value) in gauges.items():
        Gauge(f"steadychat_{name}", words, registry=found).set_function(value)
    ProcessCollector(registry=found)
    PlatformCollector(registry=found)
    GCCollector(registry=found)
    return found
