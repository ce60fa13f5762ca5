"""JSON as the service writes it."""

from __future__ import annotations

import json
from datetime import datetime

import orjson


def to_json(value: object) -> bytes:
    """`value` as JSON in UTF-8: a time in UTC as ISO 8601 that ends in `Z`, and what JSON does not know as text."""
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_UTC_Z)
    except orjson.JSONEncodeError:  # half of a surrogate pair, say, which UTF-8 cannot hold and a caller's JSON can
        return json.dumps(value, default=_text).encode()


def to_ascii_json(value: object) -> str:
    """The same in ASCII, for readers who break lines at more than a line break."""
    text = to_json(value).decode()
    return text if text.isascii() else json.dumps(json.loads(text))


def _text(value: object) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)
