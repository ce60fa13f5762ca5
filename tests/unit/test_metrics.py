from __future__ import annotations

import io
import json
import logging
from typing import Any

import pytest

from adapters.memory import MemoryStore
from domain.errors import NotFound
from entrypoints.logs import JsonFormatter, RequestContext, request_context
from entrypoints.metrics import METRICS, EmbeddedMetrics, timed_store
from tests.builders import a_configuration


def line(event: str, **extra: Any) -> dict[str, Any]:
    """The line of this event in the stage `dev`. Its message is arbitrary: no metric depends on it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(EmbeddedMetrics("dev"))
    handler.handle(logging.makeLogRecord({"msg": "any text", "event": event, "created": 1_795_000_000.25} | extra))
    written: dict[str, Any] = json.loads(stream.getvalue())
    return written


def test_an_event_is_counted_with_its_dimensions() -> None:
    written = line("create", outcome="limit_reached")

    assert (written["Creates"], written["stage"], written["outcome"]) == (1, "dev", "limit_reached")
    assert written["_aws"] == {
        "Timestamp": 1_795_000_000_250,
        "CloudWatchMetrics": [
            {
                "Namespace": "ConfigAPI",
                "Dimensions": [["stage"], ["stage", "outcome"]],
                "Metrics": [{"Name": "Creates", "Unit": "Count"}],
            }
        ],
    }


def test_durations_are_taken_from_the_fields() -> None:
    written = line("request", status=200, duration_ms=12.5, store_ms=7.25)

    assert (written["Latency"], written["StoreLatency"], written["Requests"]) == (12.5, 7.25, 1)
    assert written["status"] == "200"  # CloudWatch takes strings only as dimensions
    units = {m["Name"]: m["Unit"] for rows in written["_aws"]["CloudWatchMetrics"] for m in rows["Metrics"]}
    assert units == {"Requests": "Count", "Latency": "Milliseconds", "StoreLatency": "Milliseconds"}


def test_a_request_without_a_store_call_has_no_store_latency() -> None:
    assert "StoreLatency" not in str(line("request", status=200, duration_ms=1.0))


@pytest.mark.parametrize("event", METRICS)
def test_every_metric_and_dimension_is_in_the_line(event: str) -> None:
    fields = {row.field: 1.5 for row in METRICS[event] if row.field}

    written = line(event, **fields)

    for rows in written["_aws"]["CloudWatchMetrics"]:
        assert all(isinstance(written[name], str) for names in rows["Dimensions"] for name in names)
        assert all(isinstance(written[metric["Name"]], int | float) for metric in rows["Metrics"])


def test_store_time_is_summed_over_a_request_including_failed_calls() -> None:
    ticks = iter([0.0, 0.010, 1.0, 1.005])
    store = timed_store(MemoryStore(), clock=lambda: next(ticks))
    current = RequestContext("r")
    token = request_context.set(current)

    try:
        store.add(a_configuration("ann"), limit=2)
        with pytest.raises(NotFound):
            store.get("ann", "another")
    finally:
        request_context.reset(token)

    assert current.store_ms == pytest.approx(15)
