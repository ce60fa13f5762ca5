"""What a function serves whose settings are wrong: our 503, and a log line that names them."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import Flask, Response

from domain.errors import StoreUnavailable
from domain.events import Event
from entrypoints.api import problems
from entrypoints.api.middleware import RequestContextMiddleware
from entrypoints.settings import SettingsError

log = logging.getLogger(__name__)

RETRY_AFTER = timedelta(minutes=1)
"""Operators need that long to set a variable; nothing gets better sooner."""


def create_unready_app(error: SettingsError) -> Flask:
    """An application that refuses every request, and tells the log, not the caller, which settings are wrong."""
    log.error("the settings are wrong", extra={"event": Event.SETTINGS_WRONG, "settings": error.problems})
    app = Flask(__name__, static_folder=None)

    def refuse() -> Response:
        log.error("refused for wrong settings", extra={"event": Event.SETTINGS_WRONG, "settings": list(error.problems)})
        return problems.error_response(StoreUnavailable("The service is not set up yet.", retry_after=RETRY_AFTER))

    app.before_request(refuse)
    app.wsgi_app = RequestContextMiddleware(app.wsgi_app, seconds=1)  # type: ignore[method-assign]  # Flask's own way
    return app
