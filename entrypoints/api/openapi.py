"""The OpenAPI document of the API, served at `/openapi.json`."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from flask import Flask, Response, request
from flask_smorest import Api

from entrypoints.api import auth, configurations, health, tickers
from entrypoints.api.openapi_components import ACCEPT_PATCH, PROBLEM
from entrypoints.api.problems import MEDIA_TYPE
from entrypoints.api.schemas import ProblemSchema
from entrypoints.assets import Asset
from entrypoints.encoding import to_json

BLUEPRINTS = (auth.blueprint, configurations.blueprint, tickers.blueprint, health.blueprint)

DESCRIPTION = """\
Watchlists of stock tickers with a limit per user that holds under concurrency, retries and faults.

Every error is `application/problem+json` (RFC 9457) with a stable `code`. With 429 and 503, `Retry-After` says when to
try again. Repeat a create with the same `Idempotency-Key` until it is answered: it counts once.
"""

CONFIG: dict[str, Any] = {
    "API_TITLE": "Config API",
    "API_VERSION": "2.0.0",
    "OPENAPI_VERSION": "3.1.0",
    "API_SPEC_OPTIONS": {
        "info": {"description": DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}},
        "servers": [{"url": "/"}],
    },
}

BEARER = {
    "type": "http",
    "scheme": "bearer",
    "description": "It is that of an anonymous session, which `POST /api/v2/auth/anonymous` starts, or a JSON Web "
    "Token from the operator's OpenID Connect issuer.",
}
REQUEST_ID = {"description": "The id of this request in the logs.", "required": True, "schema": {"type": "string"}}
INTERNAL: dict[str, Any] = {
    "description": "`internal_error`",
    "content": {MEDIA_TYPE: {"schema": PROBLEM}},
}
NOT_ALLOWED: dict[str, Any] = {
    "description": "`method_not_allowed`: the response to other methods at this path",
    "content": {MEDIA_TYPE: {"schema": PROBLEM}},
    "headers": {"Allow": {"description": "The allowed methods.", "required": True, "schema": {"type": "string"}}},
}


def register(app: Flask) -> None:
    """Serve the API and its OpenAPI document."""
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.add_url_rule("/openapi.json", view_func=openapi)


def openapi() -> Response:
    """The document, with the mount or stage of the request as its server."""
    served = document() | {"servers": [{"url": request.script_root or "/"}]}
    return Asset.of(to_json(served), "application/json").respond("public, max-age=300")


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of all operations, with the responses and headers that all operations share.

    flask-smorest documents a separate application, on the first request for the document. Documenting the
    application that serves, at its start, adds 15 ms to a cold start of 320 ms.
    """
    documented = Flask("documented", static_folder=None)
    documented.config.update(CONFIG)
    api = Api(documented)
    api.spec.components.schema("Problem", schema=ProblemSchema)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    api.spec.components.security_scheme("bearer", BEARER)
    spec: dict[str, Any] = json.loads(json.dumps(api.spec.to_dict()))
    # flask-smorest adds its own error responses and schemas, which no operation uses.
    spec["components"].pop("responses", None)
    for unused in ("Error", "PaginationMetadata"):
        spec["components"]["schemas"].pop(unused, None)
    for path in spec["paths"].values():
        for method, operation in path.items():
            if method != "parameters":
                _add_common_responses(method, operation["responses"])
    return spec


def _add_common_responses(method: str, responses: dict[str, Any]) -> None:
    responses.pop("default", None)
    responses["405"] = NOT_ALLOWED
    responses["500"] = INTERNAL
    for status, response in responses.items():
        accept_patch = ACCEPT_PATCH if (method, status) == ("patch", "415") else {}
        response["headers"] = response.get("headers", {}) | accept_patch | {"X-Request-ID": REQUEST_ID}
