"""Error responses: one table maps errors to status and code, and every response is an RFC 9457 problem."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

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
    """One row of the table: the HTTP status of an error, its stable code, its title, and what a client does about it.

    The README has the same advice.
    """

    status: HTTPStatus
    code: str
    title: str
    advice: str


_CORRECT = "correct the fields that `errors` lists"
_AUTHENTICATE = "get a token"
_OTHER_USER = "nothing: the call is for the other kind of user"
_SEND_JSON = "send JSON of at most 16 KiB, as `application/json`"
_REPEAT = "wait `Retry-After` seconds, then repeat with the same key"


PROBLEMS: Mapping[type[DomainError], Problem] = {
    MalformedJson: Problem(HTTPStatus.BAD_REQUEST, "malformed_json", "The body is not JSON", "send valid JSON"),
    errors.ValidationFailed: Problem(
        HTTPStatus.BAD_REQUEST, "validation_failed", "The request has invalid fields", _CORRECT
    ),
    errors.UnknownTicker: Problem(HTTPStatus.BAD_REQUEST, "unknown_ticker", "Unknown ticker", _CORRECT),
    errors.DelistedTicker: Problem(HTTPStatus.BAD_REQUEST, "delisted_ticker", "Delisted ticker", _CORRECT),
    Unauthenticated: Problem(HTTPStatus.UNAUTHORIZED, "unauthenticated", "A token is required", _AUTHENTICATE),
    errors.InvalidToken: Problem(HTTPStatus.UNAUTHORIZED, "invalid_token", "The token is not valid", _AUTHENTICATE),
    errors.ExpiredToken: Problem(HTTPStatus.UNAUTHORIZED, "expired_token", "The token has expired", _AUTHENTICATE),
    errors.NotFound: Problem(
        HTTPStatus.NOT_FOUND,
        "not_found",
        "Not found",
        "check the path and the id; what belongs to another user is not found",
    ),
    errors.LimitReached: Problem(
        HTTPStatus.CONFLICT, "limit_reached", "The limit is reached", "delete one first; `max_allowed` is the limit"
    ),
    errors.DeletedSince: Problem(
        HTTPStatus.CONFLICT,
        "deleted_since",
        "The configuration was deleted since",
        "nothing: this create was carried out, and its configuration deleted since, at `deleted_at`; to create it "
        "again, use a new key",
    ),
    errors.NotAnonymous: Problem(HTTPStatus.CONFLICT, "not_anonymous", "Only for anonymous users", _OTHER_USER),
    errors.NotAMember: Problem(HTTPStatus.CONFLICT, "not_a_member", "Only for members", _OTHER_USER),
    errors.RevisionMismatch: Problem(
        HTTPStatus.PRECONDITION_FAILED,
        "revision_mismatch",
        "The configuration has changed",
        "read it again, then decide",
    ),
    PayloadTooLarge: Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "payload_too_large", "The body is too large", _SEND_JSON
    ),
    UnsupportedMediaType: Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        "The media type of the body is not supported",
        _SEND_JSON,
    ),
    errors.IdempotencyKeyReused: Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "idempotency_key_reused",
        "The idempotency key was used for another request",
        "use a new key for a new request",
    ),
    errors.Throttled: Problem(HTTPStatus.TOO_MANY_REQUESTS, "throttled", "The store is overloaded", _REPEAT),
    errors.Contended: Problem(HTTPStatus.TOO_MANY_REQUESTS, "contended", "Concurrent writes conflict", _REPEAT),
    RateLimited: Problem(HTTPStatus.TOO_MANY_REQUESTS, "rate_limited", "Too many requests", _REPEAT),
    errors.StoreUnavailable: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, "store_unavailable", "The store cannot be reached", _REPEAT
    ),
    errors.TickersUnavailable: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, "tickers_unavailable", "A ticker cannot be validated now", _REPEAT
    ),
    errors.IdentityUnavailable: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE, "identity_unavailable", "Identities cannot be verified now", _REPEAT
    ),
}

METHOD_NOT_ALLOWED = Problem(
    HTTPStatus.METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed", "use a method that `Allow` lists"
)
INTERNAL_ERROR = Problem(
    HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "Internal server error", "a bug: report the `request_id`"
)

ALL = (*PROBLEMS.values(), METHOD_NOT_ALLOWED, INTERNAL_ERROR)
"""Every row, for the documentation."""

_HTTP_PROBLEMS = {
    HTTPStatus.NOT_FOUND: PROBLEMS[errors.NotFound],
    HTTPStatus.METHOD_NOT_ALLOWED: METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: PROBLEMS[PayloadTooLarge],
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: PROBLEMS[UnsupportedMediaType],
}

_HTTP_DETAILS = {
    HTTPStatus.NOT_FOUND: "There is nothing at this path.",
    HTTPStatus.METHOD_NOT_ALLOWED: "The path does not support this method; the Allow header lists those it supports.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: str(PayloadTooLarge(MAX_BODY)),
}


def register(app: Flask) -> None:
    """Answer every error in `app` with a problem: domain errors, HTTP errors of Flask, and bugs."""
    app.register_error_handler(DomainError, error_response)
    app.register_error_handler(HTTPException, _http_error_response)
    app.register_error_handler(Exception, _internal_error_response)


def error_response(error: DomainError, members: Mapping[str, object] | None = None) -> Response:
    """The response to a domain error, with the data that it carries and further `members`."""
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
    if isinstance(error, errors.DeletedSince):
        extra["config_id"] = error.config_id
        extra["deleted_at"] = error.deleted_at
    if isinstance(error, errors.TryLater):
        seconds = max(1, math.ceil(error.retry_after.total_seconds()))
        extra["retry_after"] = seconds
        headers["Retry-After"] = str(seconds)
    if problem.status is HTTPStatus.UNAUTHORIZED:
        token_was_sent = not isinstance(error, Unauthenticated)
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"' if token_was_sent else "Bearer"
    return _problem_response(problem, str(error), extra, headers)


def _http_error_response(error: HTTPException) -> Response:
    # Never a redirect: the URL map makes none.
    status = HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR)
    problem = _HTTP_PROBLEMS.get(status, INTERNAL_ERROR)
    if problem is INTERNAL_ERROR and status < HTTPStatus.INTERNAL_SERVER_ERROR:
        problem = Problem(status, "validation_failed", status.phrase, _CORRECT)
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    return _problem_response(problem, _HTTP_DETAILS.get(status, error.description or status.phrase), {}, headers)


def _internal_error_response(error: Exception) -> Response:
    log.error("internal error", extra={"event": Event.INTERNAL_ERROR}, exc_info=error)
    return _problem_response(INTERNAL_ERROR, "The service has failed. Its log has the cause under this request_id.")


def _problem_response(
    problem: Problem, detail: str, extra: Mapping[str, object] | None = None, headers: Mapping[str, str] | None = None
) -> Response:
    """Problem details (RFC 9457 §3) with our extension members. The references include the mount or stage."""
    current = request_context.get()
    body = {
        "type": f"{quote(request.script_root)}/docs#{problem.code}",
        "title": problem.title,
        "status": problem.status.value,
        "detail": detail,
        "instance": quote(request.script_root + request.path),
        "code": problem.code,
        "request_id": current.request_id if current else None,
        **(extra or {}),
    }
    response = respond(body, problem.status, headers)
    response.content_type = MEDIA_TYPE
    return response
