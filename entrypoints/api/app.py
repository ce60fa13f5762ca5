"""HTTP: the API as a Flask application."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import NullSession, SessionInterface
from flask_cors import CORS
from werkzeug.routing import MapAdapter

from entrypoints.api import auth, configurations, health, openapi, problems, tickers
from entrypoints.api.bodies import MAX_BODY
from entrypoints.api.middleware import RequestContextMiddleware
from entrypoints.application import KEY, Application
from entrypoints.logs import request_context

BLUEPRINTS = (auth.blueprint, configurations.blueprint, tickers.blueprint, health.blueprint)


def create_api(application: Application) -> Flask:
    """The Flask application that serves what bootstrap has wired."""
    app = SynchronousFlask("config-api", static_folder=None, root_path=str(Path(__file__).parent))
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY + 1  # Werkzeug cuts a chunked body there, without a word
    app.extensions[KEY] = application
    # An address is right or it is unknown: a redirect would lead a token to the Host that the caller wrote.
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
    openapi.register(app, BLUEPRINTS)
    app.wsgi_app = RequestContextMiddleware(app.wsgi_app, seconds=settings.deadline.total_seconds())  # type: ignore[method-assign]  # Flask's own way to wrap an application
    return app


class NoSessions(SessionInterface):
    """A request has no session but its token; Flask's own way looks for one, to find that it has no key."""

    def open_session(self, app: Flask, request: Request) -> NullSession:  # noqa: ARG002 - as Flask calls it
        """One that keeps nothing."""
        return NullSession()


class SynchronousFlask(Flask):
    """Flask, for views that are plain functions."""

    session_interface = NoSessions()

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself: Flask would look at it anew in every request, to find that it is no coroutine."""
        return func

    def create_url_adapter(self, request: Request | None) -> MapAdapter | None:
        """What finds the view of a request, and makes paths: which Host was asked for means nothing here."""
        if request is None:
            return None
        return MapAdapter(self.url_map, "", request.root_path, "", request.scheme, request.path, request.method)


def _record_route() -> None:
    """Log the route instead of the path, which a caller can fill with anything."""
    current = request_context.get()
    if current is not None and request.url_rule is not None:
        current.route = request.url_rule.rule


def _vary_by_origin(response: Response) -> Response:
    """flask-cors leaves this out for a single origin; a shared cache needs it all the same."""
    response.vary.add("Origin")
    return response
