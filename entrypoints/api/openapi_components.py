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
from entrypoints.api.bodies import JSON, MERGE_PATCH
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
LIST_ETAG = {"ETag": {"description": "Changes with every change to the list.", "schema": {"type": "string"}}}
LOCATION = {"Location": {"description": "The path of the new configuration.", "schema": {"type": "string"}}}
REPLAYED = {
    "Idempotency-Replayed": {
        "description": "`true` if an earlier request with this key created the configuration.",
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
ACCEPT_PATCH = {
    "Accept-Patch": {
        "description": "The media types that PATCH accepts (RFC 5789 §3.1).",
        "required": True,
        "schema": {"type": "string"},
    }
}

_HEADERS = {
    HTTPStatus.UNAUTHORIZED: CHALLENGE,
    HTTPStatus.TOO_MANY_REQUESTS: RETRY_AFTER,
    HTTPStatus.SERVICE_UNAVAILABLE: RETRY_AFTER,
}

IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "description": "Act only if the configuration has this revision (its ETag, also weak), else 412.",
    "schema": {"type": "string"},
}
IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "description": "Answer 304 if the ETag is still this one.",
    "schema": {"type": "string"},
}
IDEMPOTENCY_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "description": "Repeat a create with the same key as often as needed: it counts once. May be quoted.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def body(schema: type, media_types: tuple[str, ...] = (JSON,)) -> dict[str, Any]:
    """A required request body of this schema."""
    return {"requestBody": {"required": True, "content": {name: {"schema": schema} for name in media_types}}}


def patch_body(schema: type) -> dict[str, Any]:
    """A required body that is a JSON merge patch (RFC 7396), under its own media type or as plain JSON."""
    return body(schema, (JSON, MERGE_PATCH))


def may_fail(blueprint: Blueprint, *errors: type[DomainError]) -> Callable[[View], View]:
    """Document the error responses of the view, one for each status."""
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
