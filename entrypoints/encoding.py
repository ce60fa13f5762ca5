"""JSON as the service writes it."""

from __future__ import annotations

import json
from datetime import datetime

import orjson

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS


def to_json(value: object) -> bytes:
    """`value` as JSON in UTF-8: a time in UTC as ISO 8601 that ends in `Z`, and what JSON does not know as text.

    Of a dataclass, that is its `repr`, which leaves out what nobody shall read.
    """
    try:
        return orjson.dumps(value, default=str, option=_OPTIONS)
    except orjson.JSONEncodeError:  # half of a surrogate pair, say, which UTF-8 cannot hold and a caller's JSON can
        return json.dumps(value, default=_text).encode()


def to_ascii_json(value: object) -> str:
    """The same in ASCII, for readers who break lines at more than a line break."""
    text = to_json(value).decode()
    return text if text.isascii() else json.dumps(json.loads(text))


def _text(value: object) -> str:
    if isinstance(value, datetime):
        text = value.isoformat()
        return f"{text.removesuffix('+00:00')}Z" if text.endswith("+00:00") else text
    return str(value)
