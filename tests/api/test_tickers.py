"""`/tickers`: search, validation and look-up over HTTP."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.api.conftest import V2

APPLE = {"symbol": "AAPL", "name": "Apple Inc.", "exchange": "NASDAQ"}
BERKSHIRE = {"symbol": "BRK.B", "name": "Berkshire Hathaway Inc", "exchange": "NYSE"}


def test_a_search_needs_no_token(client: FlaskClient) -> None:
    assert client.get(f"{V2}/tickers/search?q=aap").json == {"results": [APPLE]}


def test_a_symbol_is_validated_in_any_spelling(client: FlaskClient) -> None:
    assert client.get(f"{V2}/tickers/validate?symbol=%20brk%2FB%20").json == {
        "symbol": "BRK.B",
        "valid": True,
        "status": "valid",
        "message": "BRK.B is traded.",
        "ticker": BERKSHIRE,
    }


def test_many_symbols_are_validated_in_the_order_of_the_request(client: FlaskClient) -> None:
    answer = client.post(f"{V2}/tickers/validate", json={"symbols": ["fb", "AAPL", "zzzz", "not a symbol"]}).json

    assert [verdict["symbol"] for verdict in answer["results"]] == ["FB", "AAPL", "ZZZZ", "not a symbol"]
    assert [verdict["status"] for verdict in answer["results"]] == ["delisted", "valid", "unknown", "unknown"]
    assert answer["results"][0]["successor"] == "META"


@pytest.mark.parametrize(
    "body", [{}, {"symbols": ["A"] * 51}, {"symbols": "A"}, {"symbols": [1]}, {"symbols": [], "x": 1}]
)
def test_an_invalid_list_of_symbols_is_refused(client: FlaskClient, body: object) -> None:
    assert client.post(f"{V2}/tickers/validate", json={"symbols": ["A"] * 50}).status_code == 200
    assert client.post(f"{V2}/tickers/validate", json=body).status_code == 400


@pytest.mark.parametrize("spelling", ["brk-b", "BRK%2FB", "BRK/B", "%20BRK%E2%80%93B%E2%80%8B"])
def test_a_ticker_is_looked_up_in_any_spelling(client: FlaskClient, spelling: str) -> None:
    assert client.get(f"{V2}/tickers/{spelling}").json == BERKSHIRE | {"is_active": True}


def test_a_delisted_ticker_is_looked_up_with_its_successor(client: FlaskClient) -> None:
    found = client.get(f"{V2}/tickers/fb").json

    assert (found["symbol"], found["is_active"], found["successor"]) == ("FB", False, "META")


@pytest.mark.parametrize("symbol", ["zzzz", "not%20a%20symbol", "BRK/B/C/D"])
def test_an_unknown_ticker_is_not_found(client: FlaskClient, symbol: str) -> None:
    missing = client.get(f"{V2}/tickers/{symbol}")

    assert (missing.status_code, missing.json["code"]) == (404, "not_found")
