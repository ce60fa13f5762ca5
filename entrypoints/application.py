"""The application as bootstrap has wired it, for the views, commands and jobs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from domain.account_services import AccountService
from domain.operations import Table
from domain.ports import Clock, ConfigurationStore, IdentityProvider, TickerList
from domain.services import ConfigurationService
from domain.ticker_services import TickerListService, TickerService
from entrypoints.rate_limits import RateLimit
from entrypoints.settings import Settings

KEY = "config_api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The services and ports of one application.

    `table` returns the administration of the store's table, or None for a store without one. Commands call it, and
    `ticker_list_service`, which jobs call too. `close` releases every resource that bootstrap created: the server
    worker, the commands and the tests call it.
    """

    settings: Settings
    accounts: AccountService
    configurations: ConfigurationService
    tickers: TickerService
    identities: IdentityProvider
    store: ConfigurationStore
    table: Callable[[], Table | None]
    ticker_list: TickerList
    ticker_list_service: Callable[[], TickerListService]
    per_user: RateLimit
    per_address: RateLimit
    clock: Clock
    close: Callable[[], None]


def current_application() -> Application:
    """The application of the current request or command."""
    return cast(Application, current_app.extensions[KEY])


def close(app: Flask) -> None:
    """Release the resources of an application."""
    cast(Application, app.extensions[KEY]).close()
