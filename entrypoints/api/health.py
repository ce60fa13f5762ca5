"""`/health`: liveness and readiness."""

from __future__ import annotations

from flask import Response
from flask_smorest import Blueprint

from domain.errors import StoreUnavailable, Throttled
from entrypoints.api.openapi_components import may_fail
from entrypoints.api.problems import error_response
from entrypoints.api.representations import freshness_json, respond
from entrypoints.api.schemas import HealthSchema, ReadySchema
from entrypoints.application import current_application

blueprint = Blueprint("health", __name__, url_prefix="/api/v2/health", description="Health")


@blueprint.route("", methods=["GET"])
@blueprint.doc(operationId="getHealth")
@blueprint.response(200, HealthSchema)
def health() -> Response:
    """Report that the process is up.

    Uses no dependency.
    """
    return respond({"status": "ok"})


@blueprint.route("/ready", methods=["GET"])
@blueprint.doc(operationId="getReadiness")
@blueprint.response(200, ReadySchema)
@may_fail(blueprint, StoreUnavailable)
def ready() -> Response:
    """Report whether the service can serve requests.

    Whether the store is reachable, and which ticker list is in use.
    """
    app = current_application()
    tickers = freshness_json(app.ticker_list.current().freshness, app.clock())
    try:
        app.store.check()
    except (Throttled, StoreUnavailable) as error:
        unavailable = StoreUnavailable("The store cannot be reached.", retry_after=error.retry_after)
        return error_response(unavailable, {"store": "unavailable", "tickers": tickers})
    return respond({"status": "ready", "store": "ok", "tickers": tickers})
