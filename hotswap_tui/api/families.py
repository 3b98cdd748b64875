"""Families of metrics out of labels and values; what is not known has no sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client.core import Metric

Labels: TypeAlias = tuple[str, ...]
Values: TypeAlias = "Iterable[tuple[Labels, float | None]]"


def gauge(name: str, text: str, labels: Labels, values: Values) -> Metric:
    """Return a family of numbers that go up and down."""
    return _filled(GaugeMetricFamily(name, text, labels=labels), values)


def counter(name: str, text: str, labels: Labels, values: Values) -> Metric:
    """Return a family of numbers that only grow."""
    return _filled(CounterMetricFamily(name, text, labels=labels), values)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Values) -> Metric:
    for labels, value in values:
        if value is not None:
            family.add_metric(labels, float(value))
    return family
