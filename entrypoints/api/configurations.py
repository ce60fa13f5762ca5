"""`/configurations`: the watchlists of whoever asks."""

from __future__ import annotations

import logging

from flask import Response, url_for
from flask_smorest import Blueprint

from domain import errors
from domain.configurations import ConfigurationInput, ConfigurationUpdate
from domain.errors import DomainError
from domain.events import Event
from domain.limits import User
from entrypoints.api import openapi_components as components
from entrypoints.api.authentication import authenticated
from entrypoints.api.bodies import read_configuration
from entrypoints.api.errors import MalformedJson, PayloadTooLarge, UnsupportedMediaType
from entrypoints.api.openapi_components import body, may_fail
from entrypoints.api.preconditions import expected_revisions, idempotency_key, is_not_modified
from entrypoints.api.problems import PROBLEMS
from entrypoints.api.representations import configuration_json, configuration_list_json, etag, respond
from entrypoints.api.schemas import (
    ConfigurationInputSchema,
    ConfigurationListSchema,
    ConfigurationSchema,
    ConfigurationUpdateSchema,
)
from entrypoints.application import application

log = logging.getLogger(__name__)

blueprint = Blueprint("configurations", __name__, url_prefix="/api/v2/configurations", description="Watchlists")

_INPUT, _UPDATE = ConfigurationInputSchema(), ConfigurationUpdateSchema()
_BODY_ERRORS = (
    MalformedJson,
    errors.ValidationFailed,
    errors.UnknownTicker,
    errors.DelistedTicker,
    PayloadTooLarge,
    UnsupportedMediaType,
    errors.TickersUnavailable,
)


@blueprint.route("", methods=["GET"])
@blueprint.doc(operationId="listConfigurations", **components.SECURITY)
@blueprint.response(200, ConfigurationListSchema)
@may_fail(blueprint, *components.AUTHENTICATION_ERRORS, *components.READ_ERRORS)
@authenticated
def list_configurations(user: User) -> Response:
    """List your configurations.

    All of them, newest first, and how many more there may be.
    """
    return respond(configuration_list_json(application().configurations.list(user)))


@blueprint.route("", methods=["POST"])
@blueprint.doc(
    operationId="createConfiguration",
    parameters=[components.IDEMPOTENCY_KEY],
    **body(ConfigurationInputSchema),
    **components.SECURITY,
)
@blueprint.response(201, ConfigurationSchema, headers=components.ETAG | components.LOCATION | components.REPLAYED)
@may_fail(
    blueprint,
    *components.AUTHENTICATION_ERRORS,
    *components.WRITE_ERRORS,
    *_BODY_ERRORS,
    errors.LimitReached,
    errors.IdempotencyKeyReused,
)
@authenticated
def create_configuration(user: User) -> Response:
    """Create a configuration.

    Never beyond the limit. With an Idempotency-Key, it may be repeated until there is an answer.
    """
    try:
        key = idempotency_key()
        added = application().configurations.create(
            user, read_configuration(_INPUT, ConfigurationInput.of), idempotency_key=key
        )
    except DomainError as refused:
        log.info("create", extra={"event": Event.CREATE, "outcome": PROBLEMS[type(refused)].code})
        raise
    log.info("create", extra={"event": Event.CREATE, "outcome": "replayed" if added.replayed else "created"})
    location = url_for("configurations.get_configuration", config_id=added.configuration.config_id)
    headers = {"Location": location, "ETag": etag(added.configuration)}
    if added.replayed:
        headers["Idempotency-Replayed"] = "true"
    return respond(configuration_json(added.configuration), 201, headers)


@blueprint.route("/<config_id>", methods=["GET"])
@blueprint.doc(
    operationId="getConfiguration",
    parameters=[components.IF_NONE_MATCH],
    **components.SECURITY,
)
@blueprint.response(200, ConfigurationSchema, headers=components.ETAG)
@blueprint.alt_response(304, description="It still is at the revision you have.", headers=components.ETAG, success=True)
@may_fail(blueprint, *components.AUTHENTICATION_ERRORS, *components.READ_ERRORS, errors.NotFound)
@authenticated
def get_configuration(user: User, config_id: str) -> Response:
    """Read a configuration.

    With its revision as ETag, for If-Match and If-None-Match.
    """
    configuration = application().configurations.get(user, config_id)
    headers = {"ETag": etag(configuration)}
    if is_not_modified(configuration.revision):
        return Response(status=304, headers=headers)
    return respond(configuration_json(configuration), headers=headers)


@blueprint.route("/<config_id>", methods=["PATCH"])
@blueprint.doc(
    operationId="updateConfiguration",
    parameters=[components.IF_MATCH],
    **body(ConfigurationUpdateSchema),
    **components.SECURITY,
)
@blueprint.response(200, ConfigurationSchema, headers=components.ETAG)
@may_fail(
    blueprint,
    *components.AUTHENTICATION_ERRORS,
    *components.WRITE_ERRORS,
    *_BODY_ERRORS,
    errors.NotFound,
    errors.RevisionMismatch,
)
@authenticated
def update_configuration(user: User, config_id: str) -> Response:
    """Change a configuration.

    Fields that are not named stay as they are.
    """
    return _update(user, config_id, read_configuration(_UPDATE, ConfigurationUpdate.of))


@blueprint.route("/<config_id>", methods=["PUT"])
@blueprint.doc(
    operationId="replaceConfiguration",
    parameters=[components.IF_MATCH],
    **body(ConfigurationInputSchema),
    **components.SECURITY,
)
@blueprint.response(200, ConfigurationSchema, headers=components.ETAG)
@may_fail(
    blueprint,
    *components.AUTHENTICATION_ERRORS,
    *components.WRITE_ERRORS,
    *_BODY_ERRORS,
    errors.NotFound,
    errors.RevisionMismatch,
)
@authenticated
def replace_configuration(user: User, config_id: str) -> Response:
    """Replace a configuration.

    All fields at once; creates nothing.
    """
    return _update(user, config_id, read_configuration(_INPUT, ConfigurationInput.of).as_update())


@blueprint.route("/<config_id>", methods=["DELETE"])
@blueprint.doc(
    operationId="deleteConfiguration",
    parameters=[components.IF_MATCH],
    **components.SECURITY,
)
@blueprint.response(204)
@may_fail(
    blueprint, *components.AUTHENTICATION_ERRORS, *components.WRITE_ERRORS, errors.NotFound, errors.RevisionMismatch
)
@authenticated
def delete_configuration(user: User, config_id: str) -> Response:
    """Delete a configuration.

    Its place is free at once.
    """
    application().configurations.delete(user, config_id, revisions=expected_revisions())
    return Response(status=204)


def _update(user: User, config_id: str, changes: ConfigurationUpdate) -> Response:
    configuration = application().configurations.update(user, config_id, changes, revisions=expected_revisions())
    return respond(configuration_json(configuration), headers={"ETag": etag(configuration)})
