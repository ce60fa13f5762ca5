"""What surrounds every request: its id, its deadline, its log line, the headers of every response."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable
from os import urandom
from typing import TYPE_CHECKING, Any

from domain.deadline import within
from domain.events import Event
from entrypoints.logs import RequestContext, request_context

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

LAMBDA_MARGIN = 1.5
"""Seconds kept back from what the Lambda has left: as long as an attempt takes that began just before the deadline,
so that our 503 is sent before the gateway sends its 504."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Strict-Transport-Security": "max-age=31536000",
    "Cache-Control": "no-store",
}
"""On every response that does not say otherwise: an answer is for its asker, and never a page."""

_SECURITY_HEADERS = [(name.lower(), (name, value)) for name, value in SECURITY_HEADERS.items()]
_WELL_FORMED_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:=+/-]{0,127}")


class RequestContextMiddleware:
    """Gives each request an id and a deadline, and each response the id and the security headers.

    It stands outside Flask, so that no answer can miss them. `seconds` is the deadline.
    """

    def __init__(self, app: WSGIApplication, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._seconds = seconds
        self._clock = clock

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request, and log it in one line."""
        started = self._clock()
        current = RequestContext(_request_id(environ))
        context = environ.get("lambda.context")
        if context is not None:
            current.lambda_request_id = context.aws_request_id
            current.trace_id = environ.get("HTTP_X_AMZN_TRACE_ID")  # the gateway's own, which it lets nobody set
        answered = 500

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal answered
            answered = int(status[:3])
            request = environ.get("werkzeug.request")  # Werkzeug leaves it there until Flask is done with it
            current.route = request.url_rule.rule if request and request.url_rule else None
            present = {name.lower() for name, _ in headers}
            headers.append(("X-Request-ID", current.request_id))
            headers.extend([item for name, item in _SECURITY_HEADERS if name not in present])
            return start_response(status, headers, exc_info)

        token = request_context.set(current)
        try:
            with within(_budget(self._seconds, context)):
                return self._app(environ, start)
        finally:
            log.info(
                "request",
                extra={
                    "event": Event.REQUEST,
                    "method": environ.get("REQUEST_METHOD"),
                    "route": current.route,
                    "status": answered,
                    "duration_ms": round((self._clock() - started) * 1000, 2),
                }
                | ({} if current.store_ms is None else {"store_ms": round(current.store_ms, 2)}),
            )
            request_context.reset(token)


def _request_id(environ: WSGIEnvironment) -> str:
    given = environ.get("HTTP_X_REQUEST_ID", "")
    return given if _WELL_FORMED_ID.fullmatch(given) else urandom(16).hex()


def _budget(seconds: float, context: Any) -> float:
    """The deadline of a request, shorter where the Lambda has less left."""
    if context is None:
        return seconds
    left: float = context.get_remaining_time_in_millis() / 1000
    return min(seconds, left - LAMBDA_MARGIN)
