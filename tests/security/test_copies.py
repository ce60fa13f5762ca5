"""Copies of one started process, as SnapStart creates them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from adapters.tickers.refresh import RefreshedTickers
from entrypoints.application import KEY, Application
from entrypoints.bootstrap import create_app, new_id
from entrypoints.settings import OpenIdConnect, StoreKind
from tests.api.conftest import SETTINGS

SETTINGS_WITH_ALL_RANDOM_PARTS = replace(
    SETTINGS,
    store=StoreKind.DYNAMODB,
    table="configurations",
    ticker_bucket="tickers",
    oidc=OpenIdConnect("https://issuer.example.com/", "config-api"),
)


def test_random_numbers_come_from_the_operating_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "Random", None)  # fails where a generator is created
    monkeypatch.setattr(RefreshedTickers, "start", lambda _: None)

    application: Application = create_app(SETTINGS_WITH_ALL_RANDOM_PARTS, on_lambda=True).extensions[KEY]

    for part in (application.per_user, application.per_address, application.tickers):
        with pytest.raises(NotImplementedError):
            part._random.getstate()


def test_ids_do_not_depend_on_the_random_state() -> None:
    state = random.getstate()
    one = new_id()
    random.setstate(state)

    assert new_id() != one
