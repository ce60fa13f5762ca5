"""Parsers of settings. Each raises ValueError for a text that is no value of its kind."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from entrypoints.origins import serialized_origin
from entrypoints.rate_limits import read_limits

MIN_KEY = 32
"""Characters in a secret key. A shorter one weakens HMAC-SHA-256, a longer one adds nothing (RFC 2104 §3)."""

# A URL such as sqlite:///x, or a SQLite URI; a Windows drive has one letter.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# Of the authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core 1.0 §3.1.2.1).
_SET_BY_THE_CLIENT = {
    *("response_type", "response_mode", "client_id", "redirect_uri", "scope", "state", "nonce"),
    *("code_challenge", "code_challenge_method"),
}


def matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    """A parser that accepts what the whole pattern matches."""

    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(text)
        return text

    return parse


def seconds(low: float, high: float) -> Callable[[str], timedelta]:
    """A parser of seconds from `low` to `high`."""

    def parse(text: str) -> timedelta:
        seconds = float(text)
        if not (math.isfinite(seconds) and low <= seconds <= high):
            raise ValueError(text)
        return timedelta(seconds=seconds)

    return parse


def whole(low: int, high: int) -> Callable[[str], int]:
    """A parser of whole numbers from `low` to `high`."""

    def parse(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(text)
        return number

    return parse


def keys(text: str) -> tuple[str, ...]:
    """Secret keys, separated by commas."""
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    if not keys or any(len(key) < MIN_KEY for key in keys):
        raise ValueError
    return keys


def origins(text: str) -> tuple[str, ...]:
    """Origins as browsers send them, separated by commas."""
    return tuple(serialized_origin(origin.strip()) for origin in text.split(",") if origin.strip())


def path(text: str) -> Path:
    """The path of a file, with `~` expanded."""
    if text.startswith((":", "$", '"', "'")) or "${" in text or _SCHEME.match(text):
        raise ValueError(text)
    try:
        return Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError(text) from error


def issuer(text: str) -> str:
    """The URL of an OpenID Connect issuer: https, or http on loopback."""
    parts = urlsplit(text)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not (secure and parts.hostname) or parts.query or parts.fragment:
        raise ValueError(text)
    return text


def scope(text: str) -> str:
    """The scopes of an OpenID Connect request (RFC 6749 §3.3)."""
    if "openid" not in text.split():
        raise ValueError(text)
    return " ".join(text.split())


def parameters(text: str) -> dict[str, str]:
    """A query of parameters that the client does not set itself."""
    pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
    parameters = dict(pairs)
    if len(parameters) < len(pairs) or parameters.keys() & _SET_BY_THE_CLIENT:
        raise ValueError(text)
    return parameters


def rate(text: str) -> str:
    """A rate limit in the notation of Flask-Limiter."""
    read_limits(text)
    return text


def level(text: str) -> str:
    """The name of a log level, in upper case."""
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
        raise ValueError(text)
    return text.upper()


def flag(text: str) -> bool:
    """1 or 0."""
    if text not in {"0", "1"}:
        raise ValueError(text)
    return text == "1"
