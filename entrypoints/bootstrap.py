"""Wires the application from the settings. The only module that imports adapters."""

from __future__ import annotations

import logging
import random
import secrets
import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from functools import partial
from uuid import uuid4

from flask import Flask

from domain.account_services import AccountService
from domain.errors import StoreUnavailable
from domain.events import Event
from domain.operations import Table
from domain.ports import Clock, ConfigurationStore, IdentityProvider, NewId, TickerList
from domain.services import ConfigurationService
from domain.ticker_services import TickerListService, TickerService
from entrypoints import dashboard
from entrypoints.api.app import create_api
from entrypoints.api.faults import create_faults_blueprint
from entrypoints.application import Application
from entrypoints.aws_settings import reported_aws_settings
from entrypoints.cli import COMMANDS
from entrypoints.concurrency import bounded_store
from entrypoints.dashboard import api_docs
from entrypoints.metrics import timed_store
from entrypoints.rate_limits import RateLimit
from entrypoints.settings import Settings, SettingsError, StoreKind

log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def new_id() -> str:
    """A random identifier (RFC 9562 §5.4)."""
    return str(uuid4())


def create_app(
    settings: Settings,
    *,
    store: ConfigurationStore | None = None,
    ticker_list: TickerList | None = None,
    identities: IdentityProvider | None = None,
    clock: Clock = utc_now,
    ids: NewId = new_id,
    rng: random.Random | None = None,
    on_lambda: bool = False,
    on_command_line: bool = False,
) -> Flask:
    """The application that the settings describe; each keyword argument replaces one of its parts.

    `on_lambda`: nothing runs between requests. `on_command_line`: the ticker list is loaded when a command uses it,
    because most commands do not, and `provision` runs before the bucket exists. The caller closes the result with
    `application.close`, and the parts that it passed itself. Raises SettingsError.
    """
    # A seeded generator would be the same in every copy of a SnapStart snapshot.
    rng = rng or random.SystemRandom()
    with ExitStack() as resources:
        # Before the database is created, because a key file of an earlier release belongs to an existing database.
        identities = identities or _identities(settings, clock=clock, rng=rng)
        if store is None:
            store = _store(settings, clock=clock, rng=rng, on_command_line=on_command_line)
            resources.callback(store.close)
        store = timed_store(store)
        if ticker_list is None:
            ticker_list = _ticker_list(settings, clock, rng, on_lambda=on_lambda, on_command_line=on_command_line)
            resources.callback(ticker_list.close)
        plan = None
        if settings.faults:
            from adapters.faults import FaultPlan, faulty_store

            log.warning(
                "every caller can inject faults",
                extra={"event": Event.FAULT_INJECTION_ENABLED, "setting": "CONFIG_API_FAULTS"},
            )
            plan = FaultPlan()
            store = faulty_store(store, plan, sleep=time.sleep)
        tickers = TickerService(ticker_list, rng=rng)
        app = create_api(
            Application(
                settings=settings,
                accounts=AccountService(store=store, identities=identities, limits=settings.limits, clock=clock),
                configurations=ConfigurationService(
                    store=store, tickers=tickers, limits=settings.limits, clock=clock, new_id=ids
                ),
                tickers=tickers,
                identities=identities,
                store=store,
                table=partial(_table, settings, clock=clock),
                ticker_list=ticker_list,
                ticker_list_service=partial(_ticker_list_service, settings, clock=clock, rng=rng),
                per_user=RateLimit(settings.rate_user, rng=rng),
                per_address=RateLimit(settings.rate_address, rng=rng),
                clock=clock,
                close=resources.pop_all().close,
            )
        )
    app.register_blueprint(dashboard.blueprint)
    app.register_blueprint(api_docs.blueprint)
    if plan is not None:
        app.register_blueprint(create_faults_blueprint(plan))
    for command in COMMANDS:
        app.cli.add_command(command)
    return app


def _store(settings: Settings, *, clock: Clock, rng: random.Random, on_command_line: bool) -> ConfigurationStore:
    if settings.store is StoreKind.MEMORY:
        from adapters.memory import MemoryStore

        return MemoryStore()
    if settings.store is StoreKind.SQLITE:
        from adapters.sqlite.errors import DatabaseUnusable
        from adapters.sqlite.store import SQLiteStore

        try:
            embedded = SQLiteStore(settings.sqlite_path, rng=rng)
        except DatabaseUnusable as error:
            raise SettingsError({"CONFIG_API_SQLITE_PATH": str(error)}) from error
        if not on_command_line:
            # Expired rows may stay until the next start.
            with suppress(StoreUnavailable):
                embedded.purge(clock())
        return embedded
    from adapters.dynamodb.store import DynamoDBStore

    with reported_aws_settings(settings.aws):
        dynamodb = DynamoDBStore(settings.table or "", clock=time.monotonic, sleep=time.sleep, rng=rng, new_id=new_id)
    # As many as the client's pool has connections: beyond that, each call would open a connection of its own.
    return bounded_store(dynamodb, limit=32, rng=rng)


def _table(settings: Settings, *, clock: Clock) -> Table | None:
    if settings.store is not StoreKind.DYNAMODB:
        return None
    from adapters.dynamodb.table import DynamoDBTable

    return DynamoDBTable(settings.table or "", clock=clock, sleep=time.sleep)


def _ticker_list(
    settings: Settings, clock: Clock, rng: random.Random, *, on_lambda: bool, on_command_line: bool
) -> TickerList:
    from adapters.tickers.refresh import RefreshedTickers, bundled_tickers

    background = not on_lambda and not on_command_line
    if settings.ticker_bucket is None:
        return bundled_tickers(prepared=background)
    from adapters.tickers.s3 import S3TickerList

    with reported_aws_settings(settings.aws):
        published = S3TickerList(settings.ticker_bucket, settings.ticker_key, rng=rng)
    tickers = RefreshedTickers(published, ttl=settings.ticker_ttl, clock=clock, rng=rng, background=background)
    if not on_command_line:
        tickers.start()
    return tickers


def _ticker_list_service(settings: Settings, *, clock: Clock, rng: random.Random) -> TickerListService:
    from adapters.tickers.bundled import bundled_listings
    from adapters.tickers.files import PublicTickerFiles

    repository = None
    if settings.ticker_bucket is not None:
        from adapters.tickers.s3 import S3TickerList

        repository = S3TickerList(settings.ticker_bucket, settings.ticker_key, rng=rng)
    return TickerListService(files=PublicTickerFiles(), repository=repository, bundled=bundled_listings, clock=clock)


def _identities(settings: Settings, *, clock: Clock, rng: random.Random) -> IdentityProvider:
    from adapters.identity.anonymous import AnonymousTokens
    from adapters.identity.verifier import TokenVerifier

    anonymous = AnonymousTokens(settings.secret_keys or (_local_key(settings),), clock=clock, rng=rng)
    if settings.oidc is None:
        return TokenVerifier(anonymous)
    from adapters.identity.oidc import MemberTokens

    oidc = settings.oidc
    members = MemberTokens(oidc.issuer, oidc.audience, client=oidc.client, clock=clock, rng=rng)
    return TokenVerifier(anonymous, members)


def _local_key(settings: Settings) -> str:
    """A key for this machine only: beside the SQLite database, or for this process with the memory store."""
    if settings.store is StoreKind.MEMORY:
        return secrets.token_urlsafe(48)
    from adapters.identity.local_key import KeyFileUnusable, local_key

    try:
        return local_key(settings.sqlite_path)
    except KeyFileUnusable as error:
        raise SettingsError({"CONFIG_API_SQLITE_PATH": str(error)}) from error
