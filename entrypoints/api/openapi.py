"""The OpenAPI document: `/openapi.json` for programs, `/docs` for people."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from flask import Flask, Response, jsonify, render_template, request
from flask_smorest import Api, Blueprint
from markupsafe import Markup, escape

from entrypoints.api.openapi_components import ACCEPT_PATCH, PROBLEM
from entrypoints.api.problems import ALL, MEDIA_TYPE
from entrypoints.api.schemas import ProblemSchema

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
DOCS_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def register(app: Flask, blueprints: Sequence[Blueprint]) -> None:
    """Serve the blueprints and their documentation."""
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    app.add_template_filter(_code, "code")
    spec = cache(lambda: document(blueprints))

    def openapi() -> Response:
        servers = [{"url": request.script_root or "/"}]
        return _cacheable(jsonify(spec() | {"servers": servers}))

    def docs() -> Response:
        html = render_template("docs.html", spec=spec(), problems=ALL)
        page = _cacheable(Response(html, content_type="text/html; charset=utf-8"))
        page.headers["Content-Security-Policy"] = DOCS_POLICY
        return page

    def style() -> Response:
        return _cacheable(Response(render_template("docs.css"), content_type="text/css; charset=utf-8"))

    app.add_url_rule("/openapi.json", view_func=openapi)
    app.add_url_rule("/docs", view_func=docs)
    app.add_url_rule("/docs.css", view_func=style)


def document(blueprints: Sequence[Blueprint]) -> dict[str, Any]:
    """The OpenAPI document of the blueprints, with the responses and headers that all operations share.

    flask-smorest documents a separate application, on the first request for the document. Documenting the
    application that serves, at its start, adds 15 ms to a cold start of 320 ms.
    """
    documented = Flask("documented", static_folder=None)
    documented.config.update(CONFIG)
    api = Api(documented)
    api.spec.components.schema("Problem", schema=ProblemSchema)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
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


def _code(text: str) -> Markup:
    """Escaped, with text between backticks as code."""
    return Markup(re.sub("`(.+?)`", r"<code>\1</code>", str(escape(text))))  # nosec # noqa: S704 - escaped before


def _cacheable(response: Response) -> Response:
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
