"""The headers that make a request conditional or repeatable: If-Match, If-None-Match, Idempotency-Key."""

from __future__ import annotations

import re
from itertools import islice

from flask import Response, request

from domain.errors import FieldProblem, ValidationFailed

MAX_REVISIONS = 50
"""Revisions of one If-Match that are compared. A caller who knows a configuration knows one."""

ANY_REVISION = None
"""The meaning of `If-Match: *`, and of no If-Match."""

# Items of an earlier service use a time with blanks as their revision.
_REVISION = re.compile(r"[\x20\x21\x23-\x7e]{1,64}")
# Apache's mod_deflate and other servers that compress add it.
_CODING_SUFFIX = re.compile("(?:--?|;)(?:gzip|br|deflate|zstd)$")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"')


def idempotency_key() -> str | None:
    """The Idempotency-Key header, if there is one. Raises ValidationFailed.

    The IETF draft defines it as a quoted string (RFC 9651 §3.3.3); many clients send it without quotes.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if quoted := _QUOTED.fullmatch(key):
        key = re.sub(r"\\(.)", r"\1", quoted[1])
    if not _KEY.fullmatch(key):
        raise ValidationFailed(
            (FieldProblem("Idempotency-Key", "invalid_header", "1 to 255 visible ASCII characters."),)
        )
    return key


def expected_revisions() -> frozenset[str] | None:
    """The revisions that `If-Match` accepts; None for any.

    Weak tags count too, unlike in RFC 9110 §13.1.1, and tags with the suffix of a content coding: a proxy that
    compresses changes an ETag, and a revision names a state, not bytes. Leaves out tags that cannot be a revision, so
    that adapters may pass the result on to their store.
    """
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return ANY_REVISION
    # Werkzeug parses an empty tag as None.
    tags = (_CODING_SUFFIX.sub("", tag or "") for tag in request.if_match.as_set(include_weak=True))
    return frozenset(islice(filter(_REVISION.fullmatch, tags), MAX_REVISIONS))


def unless_not_modified(response: Response, tag: str) -> Response:
    """The response with this entity tag, or 304 if `If-None-Match` names the tag (RFC 9110 §13.1.2)."""
    if request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    response.headers["ETag"] = f'"{tag}"'
    return response
