"""Round trips: through the API, through every store, and through the formats of ticker lists."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory import MemoryStore
from adapters.tickers.bundled import pack, unpack
from adapters.tickers.json_format import TickerListDocument, encode
from domain.configurations import (
    MAX_TIMEFRAME_DAYS,
    MIN_TIMEFRAME_DAYS,
    Configuration,
    ConfigurationInput,
    ConfigurationUpdate,
    WatchedTicker,
)
from domain.errors import ValidationFailed
from domain.limits import MAX_TICKERS, ConfigurationLimits
from domain.tickers import SYMBOL, Listing, Ticker, canonical_symbol
from entrypoints.api.representations import configuration_json
from entrypoints.api.schemas import SavedConfigurationSchema
from entrypoints.bootstrap import create_app
from entrypoints.encoding import to_json
from tests.api.conftest import SETTINGS, V2, a_session
from tests.builders import NOW, AFixedList, a_configuration
from tests.contract.stages import Stage

FEW = settings(max_examples=40)
"""Few examples: a configuration takes about thirty draws."""

SPELLINGS = {
    "AAPL": ["AAPL", "aapl", " Aapl "],
    "BRK.B": ["BRK.B", "brk-b", "BRK/B\t"],
    "MSFT": ["MSFT", "msft"],
    "KO": ["KO", "Ko"],
    "NVDA": ["NVDA"],
    "TSLA": ["TSLA"],
}
TRICKY = ["👩\u200d👩\u200d👧", "🇩🇪", "e\u0301", "\u212b", "한", " ", "<b>", "'", "\\", '"', "株", "\0", "\ud83d"]


def _is_valid(name: str) -> bool:
    try:
        ConfigurationUpdate.of(name=name)
    except ValidationFailed:
        return False
    return True


_sign = st.characters(exclude_categories=["C", "Z"])
names = st.lists(st.sampled_from(TRICKY) | _sign, min_size=1, max_size=50).map("".join).filter(_is_valid)
days = st.integers(MIN_TIMEFRAME_DAYS, MAX_TIMEFRAME_DAYS)
symbols = st.from_regex(SYMBOL, fullmatch=True).map(canonical_symbol).filter(bool)
shown = st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1, max_size=30)
"""Names of companies and exchanges that a ticker list may contain."""
tickers = st.builds(Ticker, symbols, shown, shown)
moments = st.datetimes(timezones=st.just(UTC))
expiries = st.none() | st.integers(1, 250_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
"""Whole seconds, like the end of a session."""
anything = st.text(min_size=1) | st.just("\ud83d")
"""Includes a lone surrogate, which JSON can represent and UTF-8 cannot."""


@st.composite
def configurations(draw: st.DrawFn) -> Configuration:
    """Any valid configuration, of a new user."""
    watched = st.builds(WatchedTicker, tickers, moments)
    return Configuration(
        config_id=str(uuid4()),
        user_id=f"ann-{uuid4()}",
        name=ConfigurationUpdate.of(name=draw(names)).name or "",
        tickers=tuple(draw(st.lists(watched, min_size=1, max_size=3, unique_by=lambda each: each.ticker.symbol))),
        timeframe_days=draw(days),
        include_extended_hours=draw(st.booleans()),
        created_at=draw(moments),
        updated_at=draw(moments),
        revision=str(uuid4()),
        request_fingerprint=draw(st.sampled_from([None, "f" * 64])),
        expires_at=draw(expiries),
    )


def updated(before: Configuration, other: Configuration, **fields: Any) -> Configuration:
    """`before` with every field that an update can change taken from `other`."""
    kept = ("config_id", "user_id", "created_at", "request_fingerprint")
    return replace(other, **{name: getattr(before, name) for name in kept} | fields)


# --- the API ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client() -> FlaskClient:
    without_limits = replace(SETTINGS, rate_user="", limits=ConfigurationLimits(anonymous=10**6))
    app = create_app(
        without_limits, store=MemoryStore(), ticker_list=AFixedList(), clock=lambda: NOW, rng=random.Random(7)
    )
    return app.test_client()


@pytest.fixture(scope="module")
def ann(client: FlaskClient) -> dict[str, str]:
    return a_session(client)


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    chosen = draw(st.lists(st.sampled_from(sorted(SPELLINGS)), min_size=1, max_size=MAX_TICKERS, unique=True))
    spelled = [draw(st.sampled_from(SPELLINGS[symbol])) for symbol in chosen]
    optional = {"timeframe_days": days | days.map(float), "include_extended_hours": st.booleans()}
    return {"name": draw(names), "tickers": spelled} | draw(st.fixed_dictionaries({}, optional=optional))


@FEW
@given(body=bodies())
def test_a_response_has_the_requested_values_and_can_be_sent_back(
    client: FlaskClient, ann: dict[str, str], body: dict[str, Any]
) -> None:
    made = client.post(f"{V2}/configurations", json=body, headers=ann)
    assert made.status_code == 201, made.text
    answer = made.get_json()
    again = {name: answer[name] for name in ("name", "timeframe_days", "include_extended_hours")}
    again["tickers"] = [ticker["symbol"] for ticker in answer["tickers"]]
    put = client.put(made.headers["Location"], json=again, headers=ann)

    assert ConfigurationInput.of(**again) == ConfigurationInput.of(**body)
    assert put.get_json() == answer | {"revision": put.get_json()["revision"]}
    assert client.get(made.headers["Location"], headers=ann).get_json() == put.get_json()


@FEW
@given(configurations())
def test_the_json_of_a_configuration_matches_its_schema_and_values(configuration: Configuration) -> None:
    document = json.loads(to_json(configuration_json(configuration)))

    assert SavedConfigurationSchema().validate(document) == {}
    for name in ("config_id", "name", "timeframe_days", "include_extended_hours", "revision"):
        assert document[name] == getattr(configuration, name)
    assert [Ticker(**ticker) for ticker in document["tickers"]] == [held.ticker for held in configuration.tickers]
    for name in ("created_at", "updated_at"):
        assert document[name].endswith("Z")
        assert datetime.fromisoformat(document[name]) == getattr(configuration, name)


# --- stores -----------------------------------------------------------------------------------------------------------


@FEW
@given(first=configurations(), other=configurations())
def test_a_store_returns_what_was_stored(stage: Stage, first: Configuration, other: Configuration) -> None:
    store = stage.open()
    key = first.user_id, first.config_id
    second = updated(first, other)

    store.add(first, limit=1)
    assert store.get(*key) == first
    assert store.list(first.user_id) == (first,)
    store.update(*key, lambda _: second)
    assert store.get(*key) == second


@FEW
@given(made_at=st.lists(moments, min_size=2, max_size=4, unique=True))
def test_a_store_lists_the_newest_first_in_any_year(stage: Stage, made_at: list[datetime]) -> None:
    store = stage.open()
    user_id = f"ann-{uuid4()}"
    for moment in made_at:
        store.add(a_configuration(user_id, at=moment), limit=len(made_at))

    assert [held.created_at for held in store.list(user_id)] == sorted(made_at, reverse=True)


# --- ticker lists -----------------------------------------------------------------------------------------------------

listings = st.builds(
    Listing,
    tickers,
    is_active=st.booleans(),
    delisted_at=st.none() | st.dates(),
    successor=st.none() | symbols,
    sector=st.none() | anything,
    industry=st.none() | anything,
)
lists = (
    st.lists(listings, min_size=1, max_size=4, unique_by=lambda listing: listing.ticker.symbol)
    .filter(lambda several: any(listing.is_active for listing in several))
    .map(lambda several: {listing.ticker.symbol: listing for listing in several})
)


@FEW
@given(st.text(_sign), moments, lists)
def test_a_ticker_list_is_read_as_published(version: str, at: datetime, held: dict[str, Listing]) -> None:
    published = TickerListDocument.parse(encode(version, at, held))

    assert (published.version, published.updated_at, published.listings()) == (version, at, held)
    traded_first = sorted(held, key=lambda symbol: not held[symbol].is_active)
    assert list(published.listings()) == list(published.index().symbols) == traded_first


@FEW
@given(moments, lists)
def test_a_bundled_list_equals_the_published_one(at: datetime, held: dict[str, Listing]) -> None:
    published = TickerListDocument.parse(encode("7", at, held)).index()

    bundle = unpack(pack("7", at, "made up", held))

    assert (bundle.version, bundle.built_at, bundle.origin) == ("7", at, "made up")
    assert bundle.index.symbols == published.symbols
    assert [bundle.index.find(symbol) for symbol in held] == [published.find(symbol) for symbol in held]
