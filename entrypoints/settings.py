"""The environment, read once into one typed object; every wrong value is named at once."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from domain.limits import ConfigurationLimits
from entrypoints.rate_limits import read_limits

PREFIX = "CONFIG_API_"
NEW_KEY = "python -c 'import secrets; print(secrets.token_urlsafe(48))'"

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")
MIN_KEY = 32
"""Characters in a secret key: HMAC-SHA-256 gains nothing beyond 32 bytes, and loses below (RFC 2104 §3)."""
SECRET = {"SECRET_KEYS"}
"""Settings whose value no message repeats."""

T = TypeVar("T")

_PATTERN = re.compile(r"[][()*?^$\\|]")  # flask-cors takes an origin with one of these for a regular expression
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class SettingsError(Exception):
    """The environment is wrong; the message has a line for each variable: its name, and what it takes."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        lines = [f"  {name}: {problem}" for name, problem in problems.items()]
        super().__init__("\n".join(["The settings are wrong, so the service does not start:", *lines]))
        self.problems = dict(problems)


class StoreKind(StrEnum):
    """Where configurations are kept."""

    SQLITE = "sqlite"
    DYNAMODB = "dynamodb"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class OpenIdConnect:
    """The operator's issuer of member tokens, and the audience that we are."""

    issuer: str
    audience: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator decided. The defaults are those of a developer's machine.

    `rate_user` and `rate_address` are in Flask-Limiter's notation, "" for none.
    """

    store: StoreKind = StoreKind.SQLITE
    sqlite_path: Path = Path("var/config-api.sqlite3")
    table: str | None = None
    ticker_bucket: str | None = None
    ticker_key: str = "ticker-cache/us-symbols.json"
    ticker_ttl: timedelta = timedelta(seconds=300)
    limits: ConfigurationLimits = field(default_factory=ConfigurationLimits)
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    oidc: OpenIdConnect | None = None
    cors_origins: tuple[str, ...] = ()
    rate_user: str = "30/second;900/minute"
    rate_address: str = "20/second;300/minute"
    deadline: timedelta = timedelta(seconds=5)
    log_level: str = "INFO"
    faults: bool = False

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Settings:
        """Read `CONFIG_API_*`; a variable set to blanks counts as not set. Raises SettingsError."""
        read = _Reader(environ)
        default = cls()
        store = read.one("STORE", StoreKind, "one of sqlite, dynamodb, memory", default.store)
        settings = cls(
            store=store,
            sqlite_path=read.one("SQLITE_PATH", Path, "the path of a file", default.sqlite_path),
            table=read.one("TABLE", _matching(_TABLE), "the name of a DynamoDB table", default.table),
            ticker_bucket=read.one("TICKER_BUCKET", _matching(_BUCKET), "the name of an S3 bucket", None),
            ticker_key=read.one("TICKER_KEY", str, "the key of an S3 object", default.ticker_key),
            ticker_ttl=read.one("TICKER_TTL", _seconds(1, 86_400), "seconds, 1 to 86400", default.ticker_ttl),
            limits=ConfigurationLimits(
                anonymous=read.one("LIMIT_ANONYMOUS", _whole(1, 100), "a whole number, 1 to 100", 2),
                member=read.one("LIMIT_MEMBER", _whole(1, 100), "a whole number, 1 to 100", 5),
            ),
            secret_keys=read.one(
                "SECRET_KEYS", _keys, f"comma-separated keys of at least 32 characters, newest first ({NEW_KEY})", ()
            ),
            oidc=_oidc(read),
            cors_origins=read.one(
                "CORS_ORIGINS", _origins, "comma-separated origins such as https://app.example.com", ()
            ),
            rate_user=read.rate("RATE_USER", default.rate_user),
            rate_address=read.rate("RATE_ADDRESS", default.rate_address),
            deadline=read.one("DEADLINE", _seconds(2, 29), "seconds, 2 to 29", default.deadline),
            log_level=read.one("LOG_LEVEL", _level, "one of DEBUG, INFO, WARNING, ERROR, CRITICAL", default.log_level),
            faults=read.one("FAULTS", _flag, "1 or 0", default=False),
        )
        if store is StoreKind.DYNAMODB:
            if settings.table is None:
                read.wrong("TABLE", "is required with the dynamodb store: the name of its table")
            if not settings.secret_keys:
                read.wrong("SECRET_KEYS", f"is required with the dynamodb store: make a key with {NEW_KEY}")
            if settings.faults:
                read.wrong("FAULTS", "is for the sqlite and memory stores; unset it to use dynamodb")
        read.finish()
        return settings


class _Reader:
    """Takes one variable after the other, and remembers what was wrong."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._left = {
            name: value.strip() for name, value in environ.items() if name.startswith(PREFIX) and value.strip()
        }
        self._blank = {name for name, value in environ.items() if name.startswith(PREFIX) and not value.strip()}
        self._known: list[str] = []
        self._problems: dict[str, str] = {}

    def one(self, name: str, parse: Callable[[str], T], takes: str, default: T) -> T:
        """The parsed value of `CONFIG_API_{name}`; `default` if it is unset or wrong."""
        self._known.append(PREFIX + name)
        text = self._left.pop(PREFIX + name, None)
        if text is None:
            return default
        try:
            return parse(text)
        except ValueError:
            self.wrong(name, f"takes {takes}" if name in SECRET else f"takes {takes}, not {text!r}")
            return default

    def rate(self, name: str, default: str) -> str:
        """A rate limit; unlike elsewhere, empty is a value: no limit."""
        if PREFIX + name in self._blank:
            default = ""
        return self.one(name, _rate, "limits such as 30/second;900/minute, or nothing for none", default)

    def wrong(self, name: str, problem: str) -> None:
        """Remember that this variable has a problem."""
        self._problems[PREFIX + name] = problem

    def finish(self) -> None:
        """Raise SettingsError if there was a problem, or a variable that nobody reads."""
        for name in self._left:
            near = difflib.get_close_matches(name, self._known, n=1)
            self._problems[name] = f"is not a setting; did you mean {near[0]}?" if near else "is not a setting"
        if self._problems:
            raise SettingsError(self._problems)


def _oidc(read: _Reader) -> OpenIdConnect | None:
    issuer = read.one("OIDC_ISSUER", _issuer, "the https URL of an OpenID Connect issuer", "")
    audience = read.one("OIDC_AUDIENCE", str, "the audience of the tokens", "")
    if issuer and not audience:
        read.wrong("OIDC_AUDIENCE", f"is required with {PREFIX}OIDC_ISSUER: set both or neither")
    if audience and not issuer:
        read.wrong("OIDC_ISSUER", f"is required with {PREFIX}OIDC_AUDIENCE: set both or neither")
    return OpenIdConnect(issuer, audience) if issuer and audience else None


def _matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(text)
        return text

    return parse


def _seconds(low: float, high: float) -> Callable[[str], timedelta]:
    def parse(text: str) -> timedelta:
        seconds = float(text)
        if not (math.isfinite(seconds) and low <= seconds <= high):
            raise ValueError(text)
        return timedelta(seconds=seconds)

    return parse


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        number = int(text)
        if not low <= number <= high:
            raise ValueError(text)
        return number

    return parse


def _keys(text: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in text.split(",") if key.strip())
    if not keys or any(len(key) < MIN_KEY for key in keys):
        raise ValueError
    return keys


def _origins(text: str) -> tuple[str, ...]:
    origins = tuple(origin.strip().rstrip("/") for origin in text.split(",") if origin.strip())
    for origin in origins:
        parts = urlsplit(origin)
        if (
            parts.scheme not in {"http", "https"}
            or f"{parts.scheme}://{parts.netloc}" != origin
            or _PATTERN.search(origin)
        ):
            raise ValueError(origin)
        _ = parts.port  # raises ValueError for a port that is none
    return origins


def _issuer(text: str) -> str:
    parts = urlsplit(text)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not (secure and parts.hostname) or parts.query or parts.fragment:
        raise ValueError(text)
    return text


def _rate(text: str) -> str:
    read_limits(text)
    return text


def _level(text: str) -> str:
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
        raise ValueError(text)
    return text.upper()


def _flag(text: str) -> bool:
    if text not in {"0", "1"}:
        raise ValueError(text)
    return text == "1"
