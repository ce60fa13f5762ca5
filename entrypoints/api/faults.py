"""`/_faults`: trouble with the store at the push of a button. Only registered where the settings ask for it."""

from __future__ import annotations

from typing import Any, Protocol

from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from entrypoints.api.bodies import read_body
from entrypoints.api.representations import respond
from entrypoints.api.schemas import Body, Texts, Whole

STORE_METHODS = ["add", "get", "list", "update", "remove"]


class Plan(Protocol):
    """The faults still to come."""

    def planned(self) -> dict[str, Any]:
        """What is left of them."""

    def plan(self, **faults: Any) -> None:
        """Forget what was left, and plan these."""


def _calls() -> Whole:
    return Whole(validate=validate.Range(0, 10_000, error="out_of_range"))


def _seconds() -> fields.Float:
    return fields.Float(validate=validate.Range(0, 60, error="out_of_range"))


class FaultsSchema(Body):
    """How many of the next calls to `methods` go wrong, and how; what is left out is at its default."""

    throttled = _calls()
    unavailable = _calls()
    lost_answers = _calls()
    slow = _calls()
    methods = Texts(fields.String(validate=validate.OneOf(STORE_METHODS, error="invalid_type")))
    retry_after = _seconds()
    delay = _seconds()


def blueprint_for(plan: Plan) -> Blueprint:
    """The endpoint that shows and replaces `plan`."""
    blueprint = Blueprint("faults", __name__, url_prefix="/api/v2/_faults")
    schema: Schema = FaultsSchema()

    @blueprint.get("")
    def planned() -> Response:
        return respond(plan.planned())

    @blueprint.put("")
    def replace() -> Response:
        plan.plan(**read_body(schema))
        return respond(plan.planned())

    return blueprint
