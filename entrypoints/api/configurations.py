"""`/configurations`: the user's watchlists."""

from __future__ import annotations

import logging
from hashlib import sha256
from http import HTTPStatus

from flask import Response, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_smorest import Blueprint
from werkzeug.routing import Map, UnicodeConverter

from domain.configurations import ConfigurationInput, ConfigurationUpdate
from domain.errors import (
    DeletedSince,
    DelistedTicker,
    DomainError,
    IdempotencyKeyReused,
    LimitReached,
    NotAMember,
    NotFound,
    RevisionMismatch,
    TickersUnavailable,
    UnknownTicker,
    ValidationFailed,
)
from domain.events import Event
from domain.limits import User
from entrypoints.api import openapi_components as components
from entrypoints.api.authentication import authenticated
from entrypoints.api.bodies import PATCH_TYPES, parse_body, parse_configuration_body
from entrypoints.api.errors import MalformedJson, PayloadTooLarge, UnsupportedMediaType
from entrypoints.api.openapi_components import body, may_fail, patch_body
from entrypoints.api.preconditions import expected_revisions, idempotency_key, unless_not_modified
from entrypoints.api.problems import PROBLEMS
from entrypoints.api.representations import configuration_json, configuration_list_json, etag, respond
from entrypoints.api.schemas import (
    AdoptionInputSchema,
    AdoptionSchema,
    ConfigurationInputSchema,
    ConfigurationListSchema,
    ConfigurationUpdateSchema,
    SavedConfigurationSchema,
)
from entrypoints.application import current_application

log = logging.getLogger(__name__)

blueprint = Blueprint("configurations", __name__, url_prefix="/api/v2/configurations", description="Watchlists")


class ConfigIdConverter(UnicodeConverter):
    """Any path segment but `adopt`, which is an operation: it has no other methods."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map)
        self.regex = f"(?!adopt$){self.regex}"


@blueprint.record_once
def _add_converter(state: BlueprintSetupState) -> None:
    state.app.url_map.converters["config_id"] = ConfigIdConverter


_INPUT, _UPDATE, _ADOPTION = ConfigurationInputSchema(), ConfigurationUpdateSchema(), AdoptionInputSchema()
_BODY_ERRORS = (
    MalformedJson,
    ValidationFailed,
    UnknownTicker,
    DelistedTicker,
    PayloadTooLarge,
    UnsupportedMediaType,
    TickersUnavailable,
)
_UPDATE_ERRORS = (
    *components.AUTHENTICATION_ERRORS,
    *components.WRITE_ERRORS,
    *_BODY_ERRORS,
    NotFound,
    RevisionMismatch,
)


@blueprint.route("", methods=["GET"])
@blueprint.doc(operationId="listConfigurations", parameters=[components.IF_NONE_MATCH], **components.SECURITY)
@blueprint.response(200, ConfigurationListSchema, headers=components.LIST_ETAG)
@blueprint.alt_response(304, description="The list has not changed.", headers=components.LIST_ETAG, success=True)
@may_fail(blueprint, *components.AUTHENTICATION_ERRORS, *components.READ_ERRORS)
@authenticated
def list_configurations(user: User) -> Response:
    """List your configurations.

    All of them, newest first, and how many more you may create.
    """
    response = respond(configuration_list_json(current_application().configurations.list(user)))
    return unless_not_modified(response, sha256(response.get_data()).hexdigest()[:32])


@blueprint.route("", methods=["POST"])
@blueprint.doc(
    operationId="createConfiguration",
    parameters=[components.IDEMPOTENCY_KEY],
    **body(ConfigurationInputSchema),
    **components.SECURITY,
)
@blueprint.response(201, SavedConfigurationSchema, headers=components.ETAG | components.LOCATION | components.REPLAYED)
@may_fail(
    blueprint,
    *components.AUTHENTICATION_ERRORS,
    *components.WRITE_ERRORS,
    *_BODY_ERRORS,
    LimitReached,
    DeletedSince,
    IdempotencyKeyReused,
)
@authenticated
def create_configuration(user: User) -> Response:
    """Create a configuration.

    Never exceeds the limit. With an Idempotency-Key, repeat the request until it is answered.
    """
    try:
        key = idempotency_key()
        added = current_application().configurations.create(
            user, parse_configuration_body(_INPUT, ConfigurationInput.of), idempotency_key=key
        )
    except DomainError as error:
        log.info("create", extra={"event": Event.CREATE, "outcome": PROBLEMS[type(error)].code})
        raise
    log.info("create", extra={"event": Event.CREATE, "outcome": "replayed" if added.replayed else "created"})
    location = url_for("configurations.get_configuration", config_id=added.configuration.config_id)
    headers = {"Location": location, "ETag": etag(added.configuration)}
    if added.replayed:
        headers["Idempotency-Replayed"] = "true"
    return respond(configuration_json(added.configuration), 201, headers)


@blueprint.route("/adopt", methods=["POST"])
@blueprint.doc(operationId="adoptConfigurations", **body(AdoptionInputSchema), **components.SECURITY)
@blueprint.response(200, AdoptionSchema)
@may_fail(
    blueprint,
    *components.AUTHENTICATION_ERRORS,
    *components.WRITE_ERRORS,
    MalformedJson,
    ValidationFailed,
    PayloadTooLarge,
    UnsupportedMediaType,
    NotAMember,
    LimitReached,
)
@authenticated
def adopt_configurations(user: User) -> Response:
    """Take over an anonymous session's configurations.

    All or nothing. Ids, revisions and times stay. A repeat takes over nothing.
    """
    requested = parse_body(_ADOPTION)
    adopted, configurations = current_application().accounts.adopt(
        user, requested["anonymous_token"], requested.get("config_ids")
    )
    moved = {"adopted": [configuration_json(each) for each in adopted]}
    return respond(configuration_list_json(configurations) | moved)


@blueprint.route("/<config_id:config_id>", methods=["GET"])
@blueprint.doc(operationId="getConfiguration", parameters=[components.IF_NONE_MATCH], **components.SECURITY)
@blueprint.response(200, SavedConfigurationSchema, headers=components.ETAG)
@blueprint.alt_response(304, description="The revision has not changed.", headers=components.ETAG, success=True)
@may_fail(blueprint, *components.AUTHENTICATION_ERRORS, *components.READ_ERRORS, NotFound)
@authenticated
def get_configuration(user: User, config_id: str) -> Response:
    """Read a configuration.

    Its ETag is the revision, for If-Match and If-None-Match.
    """
    configuration = current_application().configurations.get(user, config_id)
    return unless_not_modified(respond(configuration_json(configuration)), configuration.revision)


@blueprint.route("/<config_id:config_id>", methods=["PATCH"])
@blueprint.doc(
    operationId="updateConfiguration",
    parameters=[components.IF_MATCH],
    **patch_body(ConfigurationUpdateSchema),
    **components.SECURITY,
)
@blueprint.response(200, SavedConfigurationSchema, headers=components.ETAG)
@may_fail(blueprint, *_UPDATE_ERRORS)
@authenticated
def update_configuration(user: User, config_id: str) -> Response:
    """Change a configuration.

    Omitted fields keep their values.
    """
    return _update(user, config_id, parse_configuration_body(_UPDATE, ConfigurationUpdate.of, media_types=PATCH_TYPES))


@blueprint.route("/<config_id:config_id>", methods=["PUT"])
@blueprint.doc(
    operationId="replaceConfiguration",
    parameters=[components.IF_MATCH],
    **body(ConfigurationInputSchema),
    **components.SECURITY,
)
@blueprint.response(200, SavedConfigurationSchema, headers=components.ETAG)
@may_fail(blueprint, *_UPDATE_ERRORS)
@authenticated
def replace_configuration(user: User, config_id: str) -> Response:
    """Replace a configuration.

    Sets all fields; does not create a configuration.
    """
    return _update(user, config_id, parse_configuration_body(_INPUT, ConfigurationInput.of).as_update())


@blueprint.route("/<config_id:config_id>", methods=["DELETE"])
@blueprint.doc(
    operationId="deleteConfiguration",
    parameters=[components.IF_MATCH],
    **components.SECURITY,
)
@blueprint.response(204)
@may_fail(blueprint, *components.AUTHENTICATION_ERRORS, *components.WRITE_ERRORS, NotFound, RevisionMismatch)
@authenticated
def delete_configuration(user: User, config_id: str) -> Response:
    """Delete a configuration.

    It no longer counts towards the limit.
    """
    current_application().configurations.delete(user, config_id, revisions=expected_revisions())
    return Response(status=204)


@blueprint.after_request
def _accept_patch(response: Response) -> Response:
    """Name the media types of PATCH where RFC 5789 §2.2 and §3.1 ask for it."""
    refused = request.method == "PATCH" and response.status_code == HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    if refused or (request.method == "OPTIONS" and "PATCH" in response.allow):
        response.headers["Accept-Patch"] = ", ".join(PATCH_TYPES)
    return response


def _update(user: User, config_id: str, update: ConfigurationUpdate) -> Response:
    configuration = current_application().configurations.update(user, config_id, update, revisions=expected_revisions())
    return respond(configuration_json(configuration), headers={"ETag": etag(configuration)})
