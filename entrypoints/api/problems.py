"""From refusal to answer: the one table, and RFC 9457 problem details for everything that fails."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from domain import errors
from domain.errors import DomainError
from domain.events import Event
from entrypoints.api.bodies import MAX_BODY
from entrypoints.api.errors import MalformedJson, PayloadTooLarge, Unauthenticated, UnsupportedMediaType
from entrypoints.api.representations import respond
from entrypoints.logs import request_context
from entrypoints.rate_limits import RateLimited

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Problem:
    """One row of the table: what a refusal is over HTTP, and what the caller can do about it."""

    status: HTTPStatus
    code: str
    title: str


PROBLEMS: Mapping[type[DomainError], Problem] = {
    MalformedJson: Problem(HTTPStatus.BAD_REQUEST, "malformed_json", "The body is not JSON"),
    errors.ValidationFailed: Problem(HTTPStatus.BAD_REQUEST, "validation_failed", "Fields of the request are wrong"),
    errors.UnknownTicker: Problem(HTTPStatus.BAD_REQUEST, "unknown_ticker", "A ticker is unknown"),
    errors.DelistedTicker: Problem(HTTPStatus.BAD_REQUEST, "delisted_ticker", "A ticker is no longer traded"),
    Unauthenticated: Problem(HTTPStatus.UNAUTHORIZED, "unauthenticated", "A token is needed"),
    errors.InvalidToken: Problem(HTTPStatus.UNAUTHORIZED, "invalid_token", "The token is not valid"),
    errors.ExpiredToken: Problem(HTTPStatus.UNAUTHORIZED, "expired_token", "The token has expired"),
    errors.NotFound: Problem(HTTPStatus.NOT_FOUND, "not_found", "Not found"),
    errors.LimitReached: Problem(HTTPStatus.CONFLICT, "limit_reached", "The limit is reached"),
    errors.RevisionMismatch: Problem(HTTPStatus.PRECONDITION_FAILED, "revision_mismatch", "It was changed meanwhile"),
    PayloadTooLarge: Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "payload_too_large", "The body is too large"),
    UnsupportedMediaType: Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The body is of another type"
    ),
    errors.IdempotencyKeyReused: Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "idempotency_key_reused", "The idempotency key was used for another request"
    ),
    errors.Throttled: Problem(HTTPStatus.TOO_MANY_REQUESTS, "throttled", "The store is too busy"),
    errors.Contended: Problem(HTTPStatus.TOO_MANY_REQUESTS, "contended", "Your writes collide"),
    RateLimited: Problem(HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", "Too many requests"),
    errors.StoreUnavailable: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, "store_unavailable", "The store cannot be reached"
    ),
    errors.TickersUnavailable: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, "tickers_unavailable", "A ticker cannot be judged now"
    ),
    errors.IdentityUnavailable: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, "identity_unavailable", "The token cannot be checked now"
    ),
}

METHOD_NOT_ALLOWED = Problem(HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", "The method is not allowed here")
INTERNAL_ERROR = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Internal server error")

ALL = (*PROBLEMS.values(), METHOD_NOT_ALLOWED, INTERNAL_ERROR)
"""Every row, for the documentation."""

_OF_FRAMEWORK = {
    HTTPStatus.NOT_FOUND: PROBLEMS[errors.NotFound],
    HTTPStatus.METHOD_NOT_ALLOWED: METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: PROBLEMS[PayloadTooLarge],
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: PROBLEMS[UnsupportedMediaType],
}


def register(app: Flask) -> None:
    """Answer every failure of `app`, the framework's own and bugs included, with problem details."""
    app.register_error_handler(DomainError, refusal)
    app.register_error_handler(HTTPException, from_framework)
    app.register_error_handler(Exception, _bug)


def refusal(error: DomainError, members: Mapping[str, object] | None = None) -> Response:
    """The answer to a refusal, with the data that it carries, and further members."""
    problem = PROBLEMS[type(error)]
    extra = dict(members or {})
    headers: dict[str, str] = {}
    if isinstance(error, errors.ValidationFailed):
        extra["errors"] = [
            {"field": wrong.field, "code": wrong.code, "detail": wrong.detail}
            | ({"successor": wrong.successor} if wrong.successor else {})
            for wrong in error.problems
        ]
    if isinstance(error, errors.DelistedTicker):
        extra["successor"] = error.successor
    if isinstance(error, errors.LimitReached):
        extra["max_allowed"] = error.max_allowed
    if isinstance(error, errors.TryLater):
        seconds = max(1, math.ceil(error.retry_after.total_seconds()))
        extra["retry_after"] = seconds
        headers["Retry-After"] = str(seconds)
    if problem.status is HTTPStatus.UNAUTHORIZED:
        token_was_sent = not isinstance(error, Unauthenticated)
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if token_was_sent else "Bearer"
    return answer(problem, str(error), extra, headers)


def from_framework(error: HTTPException) -> Response:
    """The answer to what Flask or Werkzeug refused: unknown paths, methods, oversized bodies."""
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)  # no redirect: no address of ours makes one
    problem = _OF_FRAMEWORK.get(status)
    if problem is None and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        problem = Problem(status, "validation_failed", status.phrase)
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    return answer(problem or INTERNAL_ERROR, _DETAILS.get(status, error.description or status.phrase), {}, headers)


def answer(
    problem: Problem, detail: str, extra: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Problem details as RFC 9457 §3 has them, and the members of ours."""
    current = request_context.get()
    body = {
        "type": f"{request.script_root}/docs#{problem.code}",
        "title": problem.title,
        "status": problem.status.value,
        "detail": detail,
        "instance": request.path,
        "code": problem.code,
        "request_id": current.request_id if current else None,
        **(extra or {}),
    }
    response = respond(body, problem.status, headers)
    response.content_type = MEDIA_TYPE
    return response


_DETAILS = {
    404: "There is nothing at this path.",
    405: "The path exists, but not for this method; see the Allow header.",
    413: str(PayloadTooLarge(MAX_BODY)),
}


def _bug(error: Exception) -> Response:
    log.error("internal error", extra={"event": Event.INTERNAL_ERROR}, exc_info=error)
    return answer(INTERNAL_ERROR, "The service has failed. The log has the cause, under the request_id.")
