"""Request bodies and query parameters as domain values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NoReturn, TypeVar

from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from domain.configurations import ConfigurationUpdate
from domain.errors import FieldProblem, TickersUnavailable, ValidationFailed
from entrypoints.api.errors import MalformedJson, PayloadTooLarge, UnsupportedMediaType
from entrypoints.application import application

MAX_BODY = 16 * 1024
"""Bytes of a request body."""

MAX_SHOWN = 100
"""Characters of a field name that a response repeats."""

MAX_PROBLEMS = 50
"""Wrong fields that one response names. All those of a 16 KiB body could take a megabyte."""

Built = TypeVar("Built")

_DETAILS = {
    "required": "This field is required.",
    "null": "This field may not be null.",
    "invalid_type": "This value has the wrong type.",
    "unknown_field": "This field does not exist.",
    "out_of_range": "This value is out of range.",
    "too_long": "This value is too long.",
    "too_many": "This list has too many elements.",
}


def read_body(schema: Schema) -> Mapping[str, Any]:
    """The JSON body, as the schema has it.

    Raises MalformedJson, UnsupportedMediaType, PayloadTooLarge, ValidationFailed.
    """
    values, problems = _load(schema, _json_object())
    if problems:
        raise ValidationFailed(tuple(problems))
    return values


def read_configuration(schema: Schema, build: Callable[..., Built]) -> Built:
    """The draft or the changes that the JSON body describes.

    Raises as `read_body` does; ValidationFailed has everything that is wrong: shape, rules and tickers.
    """
    values, problems = _load(schema, _json_object())
    try:
        if not problems:
            return build(**values)
        ConfigurationUpdate.of(**values)
    except ValidationFailed as wrong:
        problems.extend(wrong.problems)
    if "tickers" in values and not any(problem.field.startswith("tickers") for problem in problems):
        problems.extend(_ticker_problems(values["tickers"]))
    raise ValidationFailed(tuple(problems))


def read_query(schema: Schema) -> Mapping[str, Any]:
    """The query parameters that the schema names. Raises ValidationFailed."""
    values, problems = _load(schema, {name: request.args[name] for name in request.args if name in schema.fields})
    if problems:
        raise ValidationFailed(tuple(problems))
    return values


def _json_object() -> dict[str, Any]:
    if (request.content_length or 0) > MAX_BODY:
        raise PayloadTooLarge(MAX_BODY)
    if request.mimetype != "application/json":
        raise UnsupportedMediaType("Send the body as application/json.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body as it is, without a Content-Encoding.")
    data = _data()
    if len(data) > MAX_BODY:
        raise PayloadTooLarge(MAX_BODY)
    try:
        body = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise MalformedJson("The body is not JSON in UTF-8 (RFC 8259).") from None
    if not isinstance(body, dict):
        raise ValidationFailed((FieldProblem("", "invalid_type", "The body is to be a JSON object."),))
    return body


def _data() -> bytes:
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise PayloadTooLarge(MAX_BODY) from None
    except Exception as error:  # each server has its own error for a body that breaks off or is wrongly framed
        raise MalformedJson("The body cannot be read to its end.") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _load(schema: Schema, data: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldProblem]]:
    """What is of the right shape, and a problem for each field that is not."""
    try:
        return schema.load(data), []
    except ValidationError as error:
        messages = error.messages_dict
        values = error.valid_data if isinstance(error.valid_data, dict) else {}
        problems = list(islice(_flat(messages), MAX_PROBLEMS))
        return {name: value for name, value in values.items() if name not in messages}, problems


def _flat(messages: Mapping[Any, Any], above: str = "") -> Iterator[FieldProblem]:
    for name, inner in messages.items():
        path = f"{above}{name}"
        if isinstance(inner, dict):
            yield from _flat(inner, f"{path}.")
        else:
            yield from (FieldProblem(_shown(path), code, _DETAILS.get(code, code)) for code in inner)


def _shown(path: str) -> str:
    """A field's name as the caller sent it, cut where it is unreasonably long."""
    return path if len(path) <= MAX_SHOWN else f"{path[:MAX_SHOWN]}…"


def _ticker_problems(texts: Sequence[str]) -> Sequence[FieldProblem]:
    """What else is wrong, where something is anyway; a list that cannot tell adds nothing."""
    try:
        application().tickers.resolve(ConfigurationUpdate.of(tickers=texts).symbols or ())
    except ValidationFailed as wrong:
        return wrong.problems
    except TickersUnavailable:
        pass
    return ()
