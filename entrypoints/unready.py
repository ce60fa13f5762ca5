"""The application of a Lambda function whose settings are wrong: every response is 503, and the log names them."""

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
"""The time an operator needs to correct a setting."""


def create_unready_app(error: SettingsError) -> Flask:
    """An application that answers 503 and names the wrong settings in the log, not to the caller."""
    log.error("the settings are wrong", extra={"event": Event.SETTINGS_WRONG, "settings": error.problems})
    app = Flask(__name__, static_folder=None)

    def refuse() -> Response:
        log.error(
            "request refused: the settings are wrong",
            extra={"event": Event.SETTINGS_WRONG, "settings": list(error.problems)},
        )
        return problems.error_response(StoreUnavailable("The service is not set up yet.", retry_after=RETRY_AFTER))

    app.before_request(refuse)
    app.wsgi_app = RequestContextMiddleware(app.wsgi_app, seconds=1)  # type: ignore[method-assign]  # the way that Flask documents
    return app
