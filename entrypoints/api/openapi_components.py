"""Parts of the OpenAPI document that several operations share: parameters, headers, bodies, error responses."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from flask_smorest import Blueprint

from domain.errors import (
    Contended,
    DomainError,
    ExpiredToken,
    IdentityUnavailable,
    InvalidToken,
    StoreUnavailable,
    Throttled,
)
from entrypoints.api.errors import Unauthenticated
from entrypoints.api.problems import MEDIA_TYPE, PROBLEMS
from entrypoints.rate_limits import RateLimited

View = TypeVar("View", bound=Callable[..., Any])

PROBLEM = {"$ref": "#/components/schemas/Problem"}
"""A reference, because flask-smorest copies a schema object, field by field, into every error response."""
SECURITY: dict[str, Any] = {"security": [{"bearer": []}]}
AUTHENTICATION_ERRORS = (Unauthenticated, InvalidToken, ExpiredToken, IdentityUnavailable, RateLimited)
READ_ERRORS = (Throttled, StoreUnavailable)
WRITE_ERRORS = (*READ_ERRORS, Contended)

ETAG = {"ETag": {"description": "The revision, quoted.", "schema": {"type": "string"}}}
LOCATION = {"Location": {"description": "The path of what was created.", "schema": {"type": "string"}}}
REPLAYED = {
    "Idempotency-Replayed": {
        "description": "`true` if an earlier request with this key had created it.",
        "schema": {"type": "string", "enum": ["true"]},
    }
}
RETRY_AFTER = {
    "Retry-After": {
        "description": "Whole seconds to wait.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}
CHALLENGE = {"WWW-Authenticate": {"required": True, "schema": {"type": "string", "pattern": "^Bearer"}}}

_HEADERS = {
    HTTPStatus.UNAUTHORIZED: CHALLENGE,
    HTTPStatus.TOO_MANY_REQUESTS: RETRY_AFTER,
    HTTPStatus.SERVICE_UNAVAILABLE: RETRY_AFTER,
}

IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "description": "Act only if the configuration is at this revision (an ETag), else 412.",
    "schema": {"type": "string"},
}
IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "description": "Answer 304 if the configuration still is at this revision (an ETag).",
    "schema": {"type": "string"},
}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "Repeat a create with the same key as often as needed: it counts once.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def body(schema: type) -> dict[str, Any]:
    """A required JSON body of this schema."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def may_fail(blueprint: Blueprint, *errors: type[DomainError]) -> Callable[[View], View]:
    """Document the problems that the view answers with, one response for each status."""
    by_status: dict[HTTPStatus, list[str]] = {}
    for error in errors:
        by_status.setdefault(PROBLEMS[error].status, []).append(PROBLEMS[error].code)

    def document(view: View) -> View:
        for status, codes in by_status.items():
            view = blueprint.alt_response(
                status.value,
                schema=PROBLEM,
                content_type=MEDIA_TYPE,
                description=", ".join(f"`{code}`" for code in sorted(set(codes))),
                headers=_HEADERS.get(status),
            )(view)
        return view

    return document
