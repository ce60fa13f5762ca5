"""CloudWatch metrics in log lines (embedded metric format).

`METRICS` maps events to metrics. CloudWatch reads them from the log, so no request waits for a call, and the line
keeps details that a metric cannot have, such as the request id.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TypeVar

from domain.deadline import Monotonic
from domain.events import Event
from domain.interception import InterceptedStore
from domain.ports import ConfigurationStore
from entrypoints.logs import request_context

NAMESPACE = "ConfigAPI"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Metric:
    """Counts an event, or records the value of its `field`, for each combination of `dimensions`."""

    name: str
    dimensions: tuple[str, ...] = ()
    field: str | None = None
    unit: str = "Count"


METRICS: Mapping[str, tuple[Metric, ...]] = {
    Event.REQUEST: (
        Metric("Requests", ("status",)),
        Metric("Latency", field="duration_ms", unit="Milliseconds"),
        Metric("StoreLatency", field="store_ms", unit="Milliseconds"),
    ),
    Event.CREATE: (Metric("Creates", ("outcome",)),),
    Event.RETRYING: (Metric("Retries", ("operation", "error")),),
    Event.GAVE_UP: (Metric("GaveUp", ("operation", "reason")),),
    Event.PERMANENT_FAULT: (Metric("PermanentFaults", ("operation", "error")),),
    Event.INTERNAL_ERROR: (Metric("InternalErrors"),),
    Event.TICKER_LIST_LOADED: (Metric("TickerList", ("source",)),),
    Event.TICKER_LIST_FRESH: (Metric("TickerList", ("source",)),),
    Event.TICKER_LIST_STALE: (Metric("TickerList", ("source",)),),
    Event.TICKER_LIST_NOT_PUBLISHED: (Metric("TickerListRefused", ("kind",)),),
    Event.EVENT_REFUSED: (Metric("EventsRefused"),),
    Event.JOB_FAILED: (Metric("JobFailures", ("job",)),),
    Event.ISSUER_UNREACHABLE: (Metric("IssuerFailures"),),
}
"""The alarms and dashboards of docs/operations.md use these.

CloudWatch charges for each combination of dimensions, so dimensions have few values, never user ids.
"""


class EmbeddedMetrics(logging.Filter):
    """Adds the metrics of a record's event to the record. `stage` is a dimension of all metrics."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self._stage = stage

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the metrics; the record always passes."""
        event = getattr(record, "event", "")
        rows = [row for row in METRICS.get(event, ()) if row.field is None or hasattr(record, row.field)]
        if rows:
            record.stage = self._stage
            for row in rows:
                setattr(record, row.name, 1 if row.field is None else getattr(record, row.field))
                # CloudWatch accepts strings only.
                for dimension in row.dimensions:
                    setattr(record, dimension, str(getattr(record, dimension, None)))
            record.__dict__["_aws"] = {
                "Timestamp": int(record.created * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": NAMESPACE,
                        # Also without dimensions, because an alarm cannot sum over the values of a dimension.
                        "Dimensions": [["stage"], ["stage", *dimensions]] if dimensions else [["stage"]],
                        "Metrics": [{"Name": row.name, "Unit": row.unit} for row in alike],
                    }
                    for dimensions, alike in groupby(rows, key=lambda row: row.dimensions)
                ],
            }
        return True


def install_metrics_filter(stage: str) -> None:
    """Add metrics to all log lines from now on."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(EmbeddedMetrics(stage))


def timed_store(store: ConfigurationStore, *, clock: Monotonic = time.monotonic) -> ConfigurationStore:
    """`store`, with the time spent in it, retries included, added to `store_ms` of the request's context."""

    def measure_time(operation: str, call: Callable[[], T]) -> T:  # noqa: ARG001 - one name for all operations
        started = clock()
        try:
            return call()
        finally:
            if (current := request_context.get()) is not None:
                current.store_ms = (current.store_ms or 0.0) + (clock() - started) * 1000

    return InterceptedStore(store, measure_time)
