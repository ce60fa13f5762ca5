"""`/_faults`: injects store faults. Registered only if the settings enable it."""

from __future__ import annotations

from typing import Any, Protocol

from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from entrypoints.api.bodies import parse_body
from entrypoints.api.field_types import StrictInteger, StringList
from entrypoints.api.representations import respond
from entrypoints.api.schemas import RequestSchema

STORE_METHODS = ["add", "get", "list", "update", "remove", "extend", "adopt", "erase"]


class FaultPlan(Protocol):
    """The faults to inject."""

    def remaining(self) -> dict[str, Any]:
        """The faults that are left."""

    def replace(self, **faults: Any) -> None:
        """Replace the faults that are left by these."""


def _count() -> StrictInteger:
    return StrictInteger(validate=validate.Range(0, 10_000, error="out_of_range"))


def _seconds() -> fields.Float:
    return fields.Float(validate=validate.Range(0, 60, error="out_of_range"))


class FaultsSchema(RequestSchema):
    """How many of the next calls to `methods` fail, and how. Omitted fields have their defaults."""

    throttled = _count()
    unavailable = _count()
    lost_answers = _count()
    slow = _count()
    methods = StringList(fields.String(validate=validate.OneOf(STORE_METHODS, error="invalid_type")))
    retry_after = _seconds()
    delay = _seconds()


def create_faults_blueprint(plan: FaultPlan) -> Blueprint:
    """The endpoint that shows and replaces `plan`."""
    blueprint = Blueprint("faults", __name__, url_prefix="/api/v2/_faults")
    schema: Schema = FaultsSchema()

    @blueprint.get("")
    def remaining() -> Response:
        return respond(plan.remaining())

    @blueprint.put("")
    def replace() -> Response:
        plan.replace(**parse_body(schema))
        return respond(plan.remaining())

    return blueprint
