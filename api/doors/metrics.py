"""What the server tells Prometheus about itself, read at each scrape."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from prometheus_client import CollectorRegistry, Gauge, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

Value: TypeAlias = Callable[[], float]
Figures: TypeAlias = Mapping[str, tuple[str, Value]]


def registry(gauges: Figures, counters: Figures) -> CollectorRegistry:
    """A registry of this app alone: `name: (help, function)`, the process's own figures beside them.

    What a counter's function returns only ever grows; its name gets `_total` behind it.
    """
    found = CollectorRegistry()
    for name, (words, value) in gauges.items():
        Gauge(f"steadychat_{name}", words, registry=found).set_function(value)
    found.register(_Counters(counters))
    ProcessCollector(registry=found)
    PlatformCollector(registry=found)
    GCCollector(registry=found)
    return found


class _Counters(Collector):
    """Counters that are counted elsewhere, by whatever they are about."""

    def __init__(self, counters: Figures) -> None:
        self._counters = counters

    def collect(self) -> Iterator[CounterMetricFamily]:
        for name, (words, value) in self._counters.items():
            yield CounterMetricFamily(f"steadychat_{name}", words, value=value())
