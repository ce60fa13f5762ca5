"""Request bodies and query parameters as domain values."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any, NoReturn, TypeVar

from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from domain.configurations import ConfigurationUpdate
from domain.errors import FieldProblem, TickersUnavailable, ValidationFailed
from domain.limits import MAX_TICKERS
from entrypoints.api.errors import MalformedJson, PayloadTooLarge, UnsupportedMediaType
from entrypoints.application import current_application

JSON, MERGE_PATCH = "application/json", "application/merge-patch+json"

PATCH_TYPES = (MERGE_PATCH, JSON)
"""Media types of a PATCH. Both have the semantics of RFC 7396, except that no field may be null."""

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


def parse_body(schema: Schema) -> Mapping[str, Any]:
    """The JSON body as the schema defines it.

    Raises MalformedJson, UnsupportedMediaType, PayloadTooLarge, ValidationFailed.
    """
    values, problems = _load(schema, _json_object())
    if problems:
        raise ValidationFailed(tuple(problems))
    return values


def parse_configuration_body(
    schema: Schema, build: Callable[..., Built], *, media_types: tuple[str, ...] = (JSON,)
) -> Built:
    """The input or the update that the JSON body describes.

    Raises as `parse_body` does; ValidationFailed names everything that is wrong: types, rules and tickers.
    """
    data = _json_object(media_types)
    values, problems = _load(schema, data)
    if not problems:
        try:
            return build(**values)
        except ValidationFailed:
            pass
    tickers = data.get("tickers")
    values.pop("tickers", None)
    problems.extend(_problems_raised_by(lambda: ConfigurationUpdate.of(**values)))
    if isinstance(tickers, list) and not any(problem.field == "tickers" for problem in problems):
        found = {problem.field for problem in problems}
        problems.extend(problem for problem in _ticker_problems(tickers) if problem.field not in found)
    raise ValidationFailed(tuple(problems))


def read_query(schema: Schema) -> Mapping[str, Any]:
    """The query parameters of the schema. Raises ValidationFailed."""
    values, problems = _load(schema, {name: request.args[name] for name in request.args if name in schema.fields})
    if problems:
        raise ValidationFailed(tuple(problems))
    return values


def _json_object(media_types: tuple[str, ...] = (JSON,)) -> dict[str, Any]:
    if (request.content_length or 0) > MAX_BODY:
        raise PayloadTooLarge(MAX_BODY)
    if request.mimetype not in media_types:
        raise UnsupportedMediaType(f"Send the body as {' or '.join(media_types)}.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body without a Content-Encoding.")
    data = _read_raw_body()
    if len(data) > MAX_BODY:
        raise PayloadTooLarge(MAX_BODY)
    try:
        # RFC 8259 §8.1 allows a parser to ignore a byte order mark, which some serializers write.
        body = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise MalformedJson("The body is not JSON in UTF-8 (RFC 8259).") from None
    if not isinstance(body, dict):
        raise ValidationFailed((FieldProblem("", "invalid_type", "The body must be a JSON object."),))
    return body


def _read_raw_body() -> bytes:
    try:
        return request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise PayloadTooLarge(MAX_BODY) from None
    # Each server has its own error for a body that breaks off or is framed wrongly.
    except Exception as error:
        raise MalformedJson("The body cannot be read to its end.") from error


def _refuse_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which Python reads and JSON does not have."""
    raise ValueError(name)


def _load(schema: Schema, data: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldProblem]]:
    """The fields with values of the right types, and a problem for each of the others."""
    try:
        return schema.load(data), []
    except ValidationError as error:
        messages = error.messages_dict
        values = error.valid_data if isinstance(error.valid_data, dict) else {}
        problems = list(islice(_field_problems(messages), MAX_PROBLEMS))
        return {name: value for name, value in values.items() if name not in messages}, problems


def _field_problems(messages: Mapping[Any, Any], parent: str = "") -> Iterator[FieldProblem]:
    for name, inner in messages.items():
        path = f"{parent}{name}"
        if isinstance(inner, dict):
            yield from _field_problems(inner, f"{path}.")
        else:
            yield from (FieldProblem(_truncated(path), code, _DETAILS.get(code, code)) for code in inner)


def _truncated(path: str) -> str:
    return path if len(path) <= MAX_SHOWN else f"{path[:MAX_SHOWN]}…"


def _ticker_problems(tickers: list[Any]) -> Iterator[FieldProblem]:
    """One problem for each text that is no symbol, a duplicate, unknown or delisted, by its position in `tickers`.

    A ticker list that is not authoritative cannot tell which symbols are unknown, so none is reported as such.
    """
    positions = [position for position, ticker in enumerate(tickers) if isinstance(ticker, str)]
    if tickers and not positions:
        return
    texts = [tickers[position] for position in positions]
    problems = _problems_raised_by(lambda: ConfigurationUpdate.of(tickers=texts))
    if len(texts) <= MAX_TICKERS:
        problems += _problems_raised_by(lambda: current_application().tickers.resolve(texts))
    reported = set()
    for problem in problems:
        if problem.field not in reported:
            reported.add(problem.field)
            _, _, index = problem.field.partition(".")
            yield replace(problem, field=f"tickers.{positions[int(index)]}") if index else problem


def _problems_raised_by(call: Callable[[], object]) -> list[FieldProblem]:
    try:
        call()
    except ValidationFailed as error:
        return list(error.problems)
    except TickersUnavailable:
        pass
    return []
