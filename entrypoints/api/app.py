"""The API as a Flask application."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from flask.json.provider import DefaultJSONProvider
from flask_cors import CORS

from entrypoints.api import openapi, problems
from entrypoints.api.bodies import MAX_BODY
from entrypoints.api.middleware import RequestContextMiddleware
from entrypoints.application import KEY, Application
from entrypoints.encoding import to_json
from entrypoints.logs import request_context


def create_api(application: Application) -> Flask:
    """The Flask application that serves what bootstrap has wired."""
    app = Flask("config-api", static_folder=None, root_path=str(Path(__file__).parent))
    app.json = JSONProvider(app)
    # Werkzeug truncates a chunked body here without an error; the extra byte reveals a body that is too large.
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY + 1
    app.extensions[KEY] = application
    # Unknown paths are 404. A redirect would send the token to the host that the request names.
    app.url_map.strict_slashes = app.url_map.merge_slashes = False
    settings = application.settings
    if settings.cors_origins:
        CORS(
            app,
            origins=list(settings.cors_origins),
            supports_credentials=True,
            always_send=False,
            vary_header=True,
            max_age=600,
            methods=["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"],
            allow_headers=[
                "Authorization",
                "Content-Type",
                "If-Match",
                "If-None-Match",
                "Idempotency-Key",
                "X-Request-ID",
            ],
            expose_headers=["ETag", "Location", "Retry-After", "X-Request-ID", "Idempotency-Replayed"],
        )
        app.after_request(_vary_by_origin)
    app.before_request(_record_route)
    problems.register(app)
    openapi.register(app)
    app.wsgi_app = RequestContextMiddleware(app.wsgi_app, seconds=settings.deadline.total_seconds())  # type: ignore[method-assign]  # the way that Flask documents
    return app


class JSONProvider(DefaultJSONProvider):
    """Flask's provider with the service's JSON format: times are ISO 8601 in UTC, text is UTF-8."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """`obj` as JSON."""
        return to_json(obj).decode()


def _record_route() -> None:
    """Log the route instead of the path, which a caller can fill with anything. Searches use it without a converter."""
    current = request_context.get()
    if current is not None and request.url_rule is not None:
        current.route = request.url_rule.rule.replace("<config_id:", "<")


def _vary_by_origin(response: Response) -> Response:
    """Name the header that a shared cache must vary by. flask-cors omits it when there is a single origin."""
    response.vary.add("Origin")
    return response
