"""The first step of a request: who asks, how often, and what the body says, as domain values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import wraps
from ipaddress import IPv6Address, IPv6Network, ip_address
from itertools import islice
from typing import Any, Concatenate, NoReturn, ParamSpec, TypeVar

from flask import request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from domain.configurations import ConfigurationUpdate
from domain.errors import (
    FieldProblem,
    MalformedJson,
    PayloadTooLarge,
    TickersUnavailable,
    Unauthenticated,
    UnsupportedMediaType,
    ValidationFailed,
)
from domain.limits import User
from entrypoints.application import application
from entrypoints.logs import hashed, request_context

MAX_BODY = 16 * 1024
"""Bytes of a request body."""

MAX_SHOWN = 100
"""Characters of a field's name that an answer repeats."""

MAX_PROBLEMS = 50
"""Wrong fields that one answer names: with all of them, 16 KiB of rubbish would be answered with a megabyte."""

MAX_REVISIONS = 50
"""Revisions of one If-Match that are looked at; a caller who knows a configuration knows one."""

ANY_REVISION = None
"""What `If-Match: *`, or its absence, asks for."""

P = ParamSpec("P")
R = TypeVar("R")
Built = TypeVar("Built")

_REVISION = re.compile(r"[\x20\x21\x23-\x7e]{1,64}")  # that of an item of an earlier service holds a time
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_DETAILS = {
    "required": "This field is required.",
    "null": "This field may not be null.",
    "invalid_type": "This value is of the wrong type.",
    "unknown_field": "There is no such field.",
    "out_of_range": "This value is out of range.",
    "too_long": "This value is too long.",
    "too_many": "These are too many.",
}


def authenticated(view: Callable[Concatenate[User, P], R]) -> Callable[P, R]:
    """Call the view with the user that the token speaks for, if they do not ask too fast."""

    @wraps(view)
    def identified(*args: P.args, **kwargs: P.kwargs) -> R:
        app = application()
        user = app.identities.identify(_token())
        current = request_context.get()
        if current is not None:
            current.user = hashed(user.user_id)
        app.per_user.check(user.user_id)
        return view(user, *args, **kwargs)

    return identified


def client_address() -> str:
    """The address that the request came from, as the gateway saw it where there is one; of IPv6, the network.

    A caller has the 2^64 addresses of a network to change between (RFC 6177), and counts as one.
    """
    context = request.environ.get("lambda.event", {}).get("requestContext", {})
    seen = context.get("identity", {}).get("sourceIp") or context.get("http", {}).get("sourceIp")
    return _network(seen or request.remote_addr or "unknown")


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


def idempotency_key() -> str | None:
    """The Idempotency-Key header, if there is one. Raises ValidationFailed."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise ValidationFailed(
            (FieldProblem("Idempotency-Key", "invalid_header", "1 to 255 visible ASCII characters."),)
        )
    return key


def expected_revisions() -> frozenset[str] | None:
    """The revisions that `If-Match` accepts, strongly compared (RFC 9110 §13.1.1); None for any.

    Only what could be a revision of ours: an adapter may pass them on to its store.
    """
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return ANY_REVISION
    tags = (tag for tag in request.if_match.as_set() if tag and _REVISION.fullmatch(tag))  # Werkzeug reads "" as None
    return frozenset(islice(tags, MAX_REVISIONS))


def _network(address: str) -> str:
    try:
        known = ip_address(address)
    except ValueError:  # a socket of this machine has none
        return address
    if isinstance(known, IPv6Address):
        return str(known.ipv4_mapped or IPv6Network((int(known), 64), strict=False))
    return address


def _token() -> str:
    kind, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Send a token: Authorization: Bearer <token>. POST /api/v2/auth/anonymous issues one.")
    return token.strip()


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
