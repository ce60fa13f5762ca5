"""The headers that make a request conditional or repeatable: If-Match, If-None-Match, Idempotency-Key."""

from __future__ import annotations

import re
from itertools import islice

from flask import request

from domain.errors import FieldProblem, ValidationFailed

MAX_REVISIONS = 50
"""Revisions of one If-Match that are compared. A caller who knows a configuration knows one."""

ANY_REVISION = None
"""The meaning of `If-Match: *`, and of no If-Match."""

# Items of an earlier service use a time with blanks as their revision.
_REVISION = re.compile(r"[\x20\x21\x23-\x7e]{1,64}")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def idempotency_key() -> str | None:
    """The Idempotency-Key header, if there is one. Raises ValidationFailed."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise ValidationFailed(
            (FieldProblem("Idempotency-Key", "invalid_header", "1 to 255 visible ASCII characters."),)
        )
    return key


def expected_revisions() -> frozenset[str] | None:
    """The revisions that `If-Match` accepts (RFC 9110 §13.1.1); None for any.

    Leaves out tags that cannot be a revision, so that adapters may pass the result on to their store.
    """
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return ANY_REVISION
    # Werkzeug parses an empty tag as None.
    tags = (tag for tag in request.if_match.as_set() if tag and _REVISION.fullmatch(tag))
    return frozenset(islice(tags, MAX_REVISIONS))


def is_not_modified(tag: str) -> bool:
    """Whether `If-None-Match` names this entity tag (weak comparison, RFC 9110 §13.1.2)."""
    return request.if_none_match.contains_weak(tag)
