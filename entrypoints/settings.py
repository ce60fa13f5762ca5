"""The environment as one typed object. One error names every wrong variable."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from domain.limits import ConfigurationLimits
from domain.sign_in import PublicClient
from entrypoints import setting_parsers as parse

PREFIX = "CONFIG_API_"
NEW_KEY = "python -c 'import secrets; print(secrets.token_urlsafe(48))'"

SECRET = {"SECRET_KEYS"}
"""Settings whose value no message repeats."""

# Without credentials.
_AWS = re.compile("AWS_(?!ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN).+")
# Kubernetes sets these for each Service whose name starts with config-api.
_KUBERNETES = re.compile(r"CONFIG_API_(.+_)?(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_.+)?)")
_KUBERNETES_PORT = re.compile(r"CONFIG_API_(.+_)?PORT")

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")

PATH_FORMAT = (
    "the path of a file, without quotes, variables or a URL scheme (~ is the home directory); "
    f"{PREFIX}STORE=memory keeps data in memory"
)
PARAMETERS_FORMAT = (
    "further parameters of the authorization request, each once, such as audience=https://api.example.com&prompt=login"
)

T = TypeVar("T")


class SettingsError(Exception):
    """Variables are wrong. The message has a line for each: its name, and what it takes."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        lines = [f"  {name}: {problem}" for name, problem in problems.items()]
        super().__init__("\n".join(["The settings are wrong, so the service does not start:", *lines]))
        self.problems = dict(problems)


class StoreKind(StrEnum):
    """The kind of database."""

    SQLITE = "sqlite"
    DYNAMODB = "dynamodb"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class OpenIdConnect:
    """The issuer of member tokens, the audience of its tokens for this service, and the dashboard's client, if any."""

    issuer: str
    audience: str
    client: PublicClient | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The operator's configuration. The defaults suit a developer's machine.

    `rate_user` and `rate_address` are in Flask-Limiter's notation, "" for none. `aws` has botocore's own variables, by
    name, for messages about them.
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
    aws: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Settings:
        """Read `CONFIG_API_*`. A variable that is empty or blank counts as unset. Raises SettingsError."""
        read = _Reader(environ)
        default = cls()
        store = read.one("STORE", StoreKind, "one of sqlite, dynamodb, memory", default.store)
        settings = cls(
            store=store,
            sqlite_path=read.one("SQLITE_PATH", parse.path, PATH_FORMAT, default.sqlite_path),
            table=read.one("TABLE", parse.matching(_TABLE), "the name of a DynamoDB table", default.table),
            ticker_bucket=read.one("TICKER_BUCKET", parse.matching(_BUCKET), "the name of an S3 bucket", None),
            ticker_key=read.one("TICKER_KEY", str, "the key of an S3 object", default.ticker_key),
            ticker_ttl=read.one("TICKER_TTL", parse.seconds(1, 86_400), "seconds, 1 to 86400", default.ticker_ttl),
            limits=ConfigurationLimits(
                anonymous=read.one("LIMIT_ANONYMOUS", parse.whole(1, 100), "a whole number, 1 to 100", 2),
                member=read.one("LIMIT_MEMBER", parse.whole(1, 100), "a whole number, 1 to 100", 5),
            ),
            secret_keys=read.one(
                "SECRET_KEYS",
                parse.keys,
                f"comma-separated keys of at least 32 characters, newest first ({NEW_KEY})",
                (),
            ),
            oidc=_oidc(read),
            cors_origins=read.one(
                "CORS_ORIGINS",
                parse.origins,
                "comma-separated origins as browsers send them, such as https://app.example.com",
                (),
            ),
            rate_user=read.rate("RATE_USER", default.rate_user),
            rate_address=read.rate("RATE_ADDRESS", default.rate_address),
            deadline=read.one("DEADLINE", parse.seconds(2, 29), "seconds, 2 to 29", default.deadline),
            log_level=read.one(
                "LOG_LEVEL", parse.level, "one of DEBUG, INFO, WARNING, ERROR, CRITICAL", default.log_level
            ),
            faults=read.one("FAULTS", parse.flag, "1 or 0", default=False),
            aws={name: value for name, value in environ.items() if _AWS.fullmatch(name) and value},
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
    """Reads one variable after the other and collects the problems."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        given = {
            name: value.strip()
            for name, value in environ.items()
            if name.startswith(PREFIX) and not _is_set_by_kubernetes(name, value)
        }
        self._unread = {name: value for name, value in given.items() if value}
        self._blank = given.keys() - self._unread.keys()
        self._known: list[str] = []
        self._problems: dict[str, str] = {}

    def one(self, name: str, parse: Callable[[str], T], takes: str, default: T) -> T:
        """The parsed value of `CONFIG_API_{name}`; `default` if it is unset or wrong."""
        self._known.append(PREFIX + name)
        text = self._unread.pop(PREFIX + name, None)
        if text is None:
            return default
        try:
            return parse(text)
        except ValueError:
            self.wrong(name, f"takes {takes}" if name in SECRET else f"takes {takes}, not {text!r}")
            return default

    def rate(self, name: str, default: str) -> str:
        """A rate limit. Unlike for other settings, an empty value is a value: no limit."""
        if PREFIX + name in self._blank:
            default = ""
        return self.one(name, parse.rate, "limits such as 30/second;900/minute, or nothing for none", default)

    def wrong(self, name: str, problem: str) -> None:
        """Record a problem of this variable."""
        self._problems[PREFIX + name] = problem

    def finish(self) -> None:
        """Raise SettingsError if there is a problem or an unknown variable."""
        for name in self._unread:
            near = difflib.get_close_matches(name, self._known, n=1)
            self._problems[name] = f"is not a setting; did you mean {near[0]}?" if near else "is not a setting"
        if self._problems:
            raise SettingsError(self._problems)


def _is_set_by_kubernetes(name: str, value: str) -> bool:
    """Whether it is one of the variables that Kubernetes sets in every pod for a Service."""
    if _KUBERNETES_PORT.fullmatch(name) and value.startswith(("tcp://", "udp://", "sctp://")):
        return True
    return _KUBERNETES.fullmatch(name) is not None


def _oidc(read: _Reader) -> OpenIdConnect | None:
    issuer = read.one("OIDC_ISSUER", parse.issuer, "the https URL of an OpenID Connect issuer", "")
    audience = read.one("OIDC_AUDIENCE", str, "the audience of the tokens", "")
    if issuer and not audience:
        read.wrong("OIDC_AUDIENCE", f"is required with {PREFIX}OIDC_ISSUER: set both or neither")
    if audience and not issuer:
        read.wrong("OIDC_ISSUER", f"is required with {PREFIX}OIDC_AUDIENCE: set both or neither")
    client = _public_client(read)
    if client and not issuer:
        read.wrong("OIDC_ISSUER", f"is required with {PREFIX}OIDC_CLIENT_ID")
    return OpenIdConnect(issuer, audience, client) if issuer and audience else None


def _public_client(read: _Reader) -> PublicClient | None:
    client_id = read.one("OIDC_CLIENT_ID", str, "the id of the public client at the issuer", "")
    scope = read.one("OIDC_SCOPE", parse.scope, "scopes with blanks between them, one of which is openid", "")
    parameters: dict[str, str] = read.one("OIDC_PARAMETERS", parse.parameters, PARAMETERS_FORMAT, {})
    if (scope or parameters) and not client_id:
        read.wrong("OIDC_CLIENT_ID", f"is required with {PREFIX}OIDC_SCOPE and {PREFIX}OIDC_PARAMETERS")
    return PublicClient(client_id, scope or "openid", parameters) if client_id else None
