"""Copies of one started process, as SnapStart makes them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from adapters.tickers.refresh import RefreshedTickers
from entrypoints.application import KEY, Application
from entrypoints.bootstrap import create_app, new_id
from entrypoints.settings import OpenIdConnect, StoreKind
from tests.api.conftest import SETTINGS

ALL_THAT_DRAWS = replace(
    SETTINGS,
    store=StoreKind.DYNAMODB,
    table="configurations",
    ticker_bucket="tickers",
    oidc=OpenIdConnect("https://issuer.example.com/", "config-api"),
)


def test_nothing_that_draws_has_a_state_that_copies_would_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "Random", None)  # who makes a generator of their own, fails
    monkeypatch.setattr(RefreshedTickers, "start", lambda _: None)

    application: Application = create_app(ALL_THAT_DRAWS, on_lambda=True).extensions[KEY]

    for user in (application.per_user, application.per_address, application.tickers):
        with pytest.raises(NotImplementedError):
            user._random.getstate()


def test_an_id_does_not_follow_from_the_state_of_a_process() -> None:
    state = random.getstate()
    one = new_id()
    random.setstate(state)

    assert new_id() != one
