"""What AWS Lambda calls: requests go to the application, scheduled jobs to `jobs`, and the rest is refused by name.

Zappa's own handler also runs whatever an event tells it to (`raw_command`); this one runs what is
listed here. Everything that can be made before the first request is made while this is imported:
that is the part that Lambda does not count against a request, and that SnapStart keeps.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
from collections.abc import Mapping
from typing import Any

from zappa.handler import LambdaHandler

from entrypoints.logs import RequestContext, request_context
from entrypoints.metrics import measure

log = logging.getLogger(__name__)

JOBS = frozenset({"entrypoints.jobs.refresh_tickers"})
"""What a schedule, or `zappa invoke`, may call."""

gc.disable()  # what is made while the process starts stays: looking through it for garbage costs a tenth of the start
_application = LambdaHandler()
gc.freeze()  # nor is it looked through later, during requests
gc.enable()
measure(_application.settings.API_STAGE)
logging.getLogger("zappa.wsgi").setLevel(logging.WARNING)  # its access log would say each request a second time


def handle(event: Any, context: Any) -> Any:
    """Serve one event; what it returns is what the caller of the Lambda gets."""
    if _is_request(event):
        answer = _application.handler(_with_what_aws_says(event), context)
        return {**answer, "body": answer.get("body") or ""}  # Zappa's null for a 204 or 304 is no string
    token = request_context.set(
        RequestContext(
            context.aws_request_id,
            lambda_request_id=context.aws_request_id,
            trace_id=_trace_id(),
        )
    )
    try:
        return _other(event, context)
    finally:
        request_context.reset(token)


def _other(event: Any, context: Any) -> Any:
    if event == {} or (name := _job(event)) == "handler.keep_warm_callback":
        log.info("warm-up")
        return {"status": "warm"}
    if name in JOBS:
        log.info("job started", extra={"job": name})
        return _run(name, event, context)
    # No exception: Lambda would only deliver the same event twice more.
    log.error("event refused", extra={"job": name, "looks_like": _shape(event)})
    return {"status": "refused"}


def _run(job: str, event: Any, context: Any) -> Any:
    module, function = job.rsplit(".", 1)
    try:
        return getattr(importlib.import_module(module), function)(event, context)
    except Exception:
        log.exception("job failed", extra={"job": job})
        raise  # Lambda tries it again, and counts it


def _is_request(event: Any) -> bool:
    """An HTTP API's event, payload format 2.0."""
    if not isinstance(event, Mapping) or event.get("version") != "2.0":
        return False
    context = event.get("requestContext")
    return isinstance(context, Mapping) and isinstance(context.get("http"), Mapping)


def _with_what_aws_says(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with what its caller could have made up replaced.

    Zappa believes the last but one of X-Forwarded-For, which here is the caller's to choose, and makes
    environment variables of the stage's, which are read once, at start, or not at all.
    """
    truth = {"x-forwarded-for": event["requestContext"]["http"].get("sourceIp", "")}
    if trace_id := _trace_id():
        truth["x-amzn-trace-id"] = trace_id
    return {**event, "headers": {**event.get("headers", {}), **truth}, "stageVariables": None}


def _trace_id() -> str | None:
    """Of this very event: Lambda changes the variable with each."""
    return os.environ.get("_X_AMZN_TRACE_ID")


def _job(event: Any) -> str | None:
    """The function that a schedule's rule or a command names. Zappa puts it at the end of the rule's name."""
    if not isinstance(event, Mapping):
        return None
    if event.get("detail-type") == "Scheduled Event" and event.get("resources"):
        return str(event["resources"][0]).split("/")[-1].split("-")[-1]
    command = event.get("command")
    return command if isinstance(command, str) else None


def _shape(event: Any) -> str:
    """Enough to tell where an event came from, and nothing of what it holds."""
    return ", ".join(sorted(map(str, event))[:20]) if isinstance(event, Mapping) else type(event).__name__
