"""Structured logging: one JSON object per line, with the context of the request that it belongs to."""

from __future__ import annotations

import hashlib
import logging
import sys
import traceback
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO

from entrypoints.encoding import to_ascii_json

_STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


@dataclass(slots=True)
class RequestContext:
    """What the log lines of one request share. `user` is a hash, so that no line identifies a person."""

    request_id: str
    route: str | None = None
    user: str | None = None
    lambda_request_id: str | None = None
    trace_id: str | None = None
    store_ms: float | None = None


request_context: ContextVar[RequestContext | None] = ContextVar("request_context", default=None)


def hashed(user_id: str) -> str:
    """A short hash of the user id, stable and not reversible."""
    return hashlib.blake2s(user_id.encode(), digest_size=8).hexdigest()


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON: time, level, logger, message, request context, every `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its line break. Values that JSON does not know become text."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        current = request_context.get()
        if current is not None:
            for name in ("request_id", "user", "lambda_request_id", "trace_id"):
                if (value := getattr(current, name)) is not None:
                    line[name] = value
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD_ATTRIBUTES}
        if record.exc_info and record.exc_info[1]:
            line["exception"] = "".join(traceback.format_exception(record.exc_info[1]))
        return to_ascii_json(line)


def configure(level: str, stream: TextIO | None = None) -> None:
    """Write log records from `level` up to `stream` (standard error by default) as JSON lines. May be called again."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # At DEBUG these log whole requests, including user data and credentials.
    for name in ("botocore", "boto3", "urllib3", "pynamodb", "flask_cors", "s3transfer"):
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLevelName(level)))
