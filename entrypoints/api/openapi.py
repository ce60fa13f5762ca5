"""The API described by itself: `/openapi.json`, and `/docs` for people."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from flask import Flask, Response, render_template
from flask_smorest import Api, Blueprint
from markupsafe import Markup, escape

from entrypoints.api.openapi_components import PROBLEM
from entrypoints.api.problems import ALL, MEDIA_TYPE
from entrypoints.api.schemas import ProblemSchema

DESCRIPTION = """\
Watchlists of stock tickers, with a limit for each user that holds whatever fails.

Every error is `application/problem+json` (RFC 9457) with a stable `code`; 429 and 503 say in
`Retry-After` when to come back. A create may be repeated with the same `Idempotency-Key` until
it is answered: it counts once.
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

REQUEST_ID = {"description": "Names this request in the logs.", "required": True, "schema": {"type": "string"}}
INTERNAL: dict[str, Any] = {
    "description": "`internal_error`",
    "content": {MEDIA_TYPE: {"schema": PROBLEM}},
}
NOT_ALLOWED: dict[str, Any] = {
    "description": "`method_not_allowed`: the answer to other methods at this path",
    "content": {MEDIA_TYPE: {"schema": PROBLEM}},
    "headers": {"Allow": {"description": "The methods that are.", "required": True, "schema": {"type": "string"}}},
}
DOCS_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def register(app: Flask, blueprints: Sequence[Blueprint]) -> None:
    """Serve the blueprints, and their description at `/openapi.json` and `/docs`."""
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    app.add_template_filter(_code, "code")
    spec = cache(lambda: document(blueprints))  # few processes are ever asked, so none builds it at start

    def openapi() -> Response:
        return _cacheable(json.dumps(spec()), "application/json")

    def docs() -> Response:
        page = _cacheable(render_template("docs.html", spec=spec(), problems=ALL), "text/html; charset=utf-8")
        page.headers["Content-Security-Policy"] = DOCS_POLICY
        return page

    def style() -> Response:
        return _cacheable(render_template("docs.css"), "text/css; charset=utf-8")

    app.add_url_rule("/openapi.json", view_func=openapi)
    app.add_url_rule("/docs", view_func=docs)
    app.add_url_rule("/docs.css", view_func=style)


def document(blueprints: Sequence[Blueprint]) -> dict[str, Any]:
    """The OpenAPI document of the blueprints, with what holds for every operation written into each.

    flask-smorest describes an application of its own, that serves nobody: as an extension of the
    one that serves, it would take four fifths of its start.
    """
    described = Flask("described", static_folder=None)
    described.config.update(CONFIG)
    api = Api(described)
    api.spec.components.schema("Problem", schema=ProblemSchema)
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    spec: dict[str, Any] = json.loads(json.dumps(api.spec.to_dict()))
    spec["components"].pop("responses", None)  # flask-smorest's own errors, which we don't give
    for path in spec["paths"].values():
        for method, operation in path.items():
            if method == "parameters":
                continue
            responses = operation["responses"]
            responses.pop("default", None)
            responses["405"] = NOT_ALLOWED
            responses["500"] = INTERNAL
            for response in responses.values():
                response["headers"] = response.get("headers", {}) | {"X-Request-ID": REQUEST_ID}
    return spec


def _code(text: str) -> Markup:
    """Escaped, with what stands between backticks as code."""
    return Markup(re.sub("`(.+?)`", r"<code>\1</code>", str(escape(text))))  # nosec # noqa: S704 - escaped just before


def _cacheable(body: str, content_type: str) -> Response:
    response = Response(body, content_type=content_type)
    response.headers["Cache-Control"] = "public, max-age=300"
    return response
