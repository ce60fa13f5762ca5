"""Log lines that are metrics as well: CloudWatch's embedded metric format, in the lines that are written anyway.

A row of `METRICS` says which event counts as what. CloudWatch reads the numbers from the log: no
request waits for them, and the line keeps what a metric cannot have, such as the request id.
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
    """`name`, for each combination of `dimensions`: how often the event occurred, or the value of its `field`."""

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
"""What the alarms and dashboards of docs/operations.md are made of.

CloudWatch charges for each combination of dimensions, so these have few values, and never a user's.
"""


class EmbeddedMetrics(logging.Filter):
    """Adds to a record what makes its line a metric. `stage` is a dimension of all of them."""

    def __init__(self, stage: str) -> None:
        super().__init__()
        self._stage = stage

    def filter(self, record: logging.LogRecord) -> bool:
        """Complete the record; it always passes."""
        # Falls back to the message until every log call has an `event`.
        event = getattr(record, "event", record.msg)
        rows = [row for row in METRICS.get(event, ()) if row.field is None or hasattr(record, row.field)]
        if rows:
            record.stage = self._stage
            for row in rows:
                setattr(record, row.name, 1 if row.field is None else getattr(record, row.field))
                for dimension in row.dimensions:  # CloudWatch takes strings only
                    setattr(record, dimension, str(getattr(record, dimension, None)))
            record.__dict__["_aws"] = {
                "Timestamp": int(record.created * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": NAMESPACE,
                        # In all as well, because an alarm cannot add up the values of a dimension.
                        "Dimensions": [["stage"], ["stage", *dimensions]] if dimensions else [["stage"]],
                        "Metrics": [{"Name": row.name, "Unit": row.unit} for row in alike],
                    }
                    for dimensions, alike in groupby(rows, key=lambda row: row.dimensions)
                ],
            }
        return True


def measure(stage: str) -> None:
    """Make metrics of what is logged from now on."""
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
