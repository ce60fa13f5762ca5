"""What bootstrap has wired, for the views and commands that use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import current_app

from domain.ports import Clock, ConfigurationStore, IdentityProvider, Table, TickerList
from domain.services import ConfigurationService
from domain.ticker_services import TickerListService, TickerService
from entrypoints.rate_limits import RateLimit
from entrypoints.settings import Settings

KEY = "config_api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The services and ports of one running application.

    `table` gives the store's table, or None for a store without one; only commands ask for it, and
    for `ticker_list_service`, which only jobs need besides.
    """

    settings: Settings
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


def application() -> Application:
    """The application of the current request or command."""
    return cast(Application, current_app.extensions[KEY])
