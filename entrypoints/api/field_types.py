"""Field types of request bodies and queries. They convert nothing: a value of another type is refused.

Error messages are codes; `bodies.py` adds a sentence to each.
"""

from __future__ import annotations

import re
from typing import Any

from marshmallow import fields

MAX_SYMBOLS = 50
"""Symbols in one request."""

_DIGITS = re.compile("[0-9]{1,9}")
_CODES: dict[str, str | list[Any] | dict[Any, Any]] = {
    "required": "required",
    "null": "null",
    "invalid": "invalid_type",
    "validator_failed": "invalid_type",
}


class StrictString(fields.String):
    """A JSON string. Other types are refused, not converted."""

    default_error_messages = _CODES | {"invalid_utf8": "invalid_type"}


class StrictInteger(fields.Integer):
    """A JSON number without a fraction. `true` and `"7"` are refused."""

    default_error_messages = _CODES | {"too_large": "out_of_range"}

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> int:
        is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not is_whole:
            raise self.make_error("invalid")
        return int(value)


class StrictBoolean(fields.Boolean):
    """`true` or `false`. Other types are refused, not converted."""

    default_error_messages = _CODES

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class StringList(fields.List[str]):
    """A JSON array of strings. If there are more than `MAX_SYMBOLS`, they are not validated one by one."""

    default_error_messages = _CODES | {"too_many": "too_many"}

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[str | None]:
        if isinstance(value, list) and len(value) > MAX_SYMBOLS:
            raise self.make_error("too_many")
        return super()._deserialize(value, *args, **kwargs)


class QueryInteger(fields.Integer):
    """A query parameter of decimal digits."""

    default_error_messages = _CODES | {"too_large": "out_of_range"}

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> int:
        if not (isinstance(value, str) and _DIGITS.fullmatch(value)):
            raise self.make_error("invalid")
        return int(value)
