"""The handler of the Lambda function: it serves requests, runs scheduled jobs, and refuses any other event.

Zappa's own handler also runs what an event tells it to run (`raw_command`); this one runs only the functions that are
listed here. The application is created while this module is imported: Lambda does not charge that phase to a request,
and SnapStart stores its result.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
from collections.abc import Mapping
from typing import Any

from zappa.handler import LambdaHandler

from domain.events import Event
from entrypoints.logs import RequestContext, request_context
from entrypoints.metrics import install_metrics_filter

log = logging.getLogger(__name__)

JOBS = frozenset({"entrypoints.jobs.refresh_tickers"})
"""The functions that a schedule or `zappa invoke` may call."""

API_ROOT = "/api/v2"

# Garbage collection is off during the start, whose objects all stay: a tenth of the cold start.
gc.disable()
_zappa = LambdaHandler()
gc.freeze()
gc.enable()
install_metrics_filter(_zappa.settings.API_STAGE)
# Zappa's access log would repeat the log line of each request.
logging.getLogger("zappa.wsgi").setLevel(logging.WARNING)

base_path: str | None = _zappa.settings.BASE_PATH
"""The path of a custom domain under which the service is mounted (`base_path` in zappa_settings.json)."""

# Zappa removes the base path and the stage one after the other, also where the path contains only one of them.
_zappa.settings.BASE_PATH = None


def handle(event: Any, context: Any) -> Any:
    """Serve one event, and return the response to the caller of the function."""
    if _is_request(event):
        response = _zappa.handler(_with_mount(_with_trusted_headers(event)), context)
        # Zappa returns None as the body of a 204 or 304, and API Gateway expects a string.
        return {**response, "body": response.get("body") or ""}
    token = request_context.set(
        RequestContext(
            context.aws_request_id,
            lambda_request_id=context.aws_request_id,
            trace_id=_trace_id(),
        )
    )
    try:
        return _serve_other(event, context)
    finally:
        request_context.reset(token)


def _serve_other(event: Any, context: Any) -> Any:
    if event == {} or (job := _job(event)) == "handler.keep_warm_callback":
        log.info("warm-up")
        return {"status": "warm"}
    if job in JOBS:
        log.info("job started", extra={"job": job})
        return _run(job, event, context)
    # An exception would make Lambda deliver the same event twice more.
    log.error("event refused", extra={"event": Event.EVENT_REFUSED, "job": job, "event_keys": _keys(event)})
    return {"status": "refused"}


def _run(job: str, event: Any, context: Any) -> Any:
    module, function = job.rsplit(".", 1)
    try:
        return getattr(importlib.import_module(module), function)(event, context)
    except Exception:
        log.exception("job failed", extra={"event": Event.JOB_FAILED, "job": job})
        # Lambda counts the failure and tries again.
        raise


def _is_request(event: Any) -> bool:
    """Whether the event comes from an HTTP API (payload format 2.0)."""
    if not isinstance(event, Mapping) or event.get("version") != "2.0":
        return False
    context = event.get("requestContext")
    return isinstance(context, Mapping) and isinstance(context.get("http"), Mapping)


def _with_trusted_headers(event: Mapping[str, Any]) -> dict[str, Any]:
    """Replace what the client can forge.

    Zappa takes the client's address from the last but one entry of X-Forwarded-For, which here the client chooses, and
    turns stage variables into environment variables.
    """
    trusted = {"x-forwarded-for": event["requestContext"]["http"].get("sourceIp", "")}
    if trace_id := _trace_id():
        trusted["x-amzn-trace-id"] = trace_id
    return {**event, "headers": {**event.get("headers", {}), **trusted}, "stageVariables": None}


def _with_mount(event: dict[str, Any]) -> dict[str, Any]:
    """Name the mount path as the stage: Zappa removes it from the path, and the application puts it into its links."""
    mount = _mount(str(event.get("rawPath", "")), event["requestContext"].get("stage"))
    return {**event, "requestContext": {**event["requestContext"], "stage": mount}}


def _mount(path: str, stage: Any) -> str | None:
    # With a custom domain, the path does not contain the stage. `/api/v2/…` then is no path of a stage named `api`.
    if path != API_ROOT and not path.startswith(f"{API_ROOT}/"):
        for mount in (base_path, stage):
            if mount and (path == f"/{mount}" or path.startswith(f"/{mount}/")):
                return str(mount)
    return None


def _trace_id() -> str | None:
    """The X-Ray trace of this event; Lambda sets the variable for each event."""
    return os.environ.get("_X_AMZN_TRACE_ID")


def _job(event: Any) -> str | None:
    """The function that a schedule or a command names. Zappa puts it at the end of the name of the schedule's rule."""
    if not isinstance(event, Mapping):
        return None
    if event.get("detail-type") == "Scheduled Event" and event.get("resources"):
        return str(event["resources"][0]).split("/")[-1].split("-")[-1]
    command = event.get("command")
    return command if isinstance(command, str) else None


def _keys(event: Any) -> str:
    """The keys of an event show which service sent it, and contain no data."""
    return ", ".join(sorted(map(str, event))[:20]) if isinstance(event, Mapping) else type(event).__name__
