"""Invalid requests are answered with a problem and change nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.conftest import V2, MakeApp, a_body, a_session
from tests.builders import AFixedList

CONFIGURATIONS = f"{V2}/configurations"
Headers = dict[str, str]


def problems_of(answer: Any) -> list[tuple[str, str]]:
    assert answer.content_type == "application/problem+json"
    return [(wrong["field"], wrong["code"]) for wrong in answer.json["errors"]]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": None}, ("name", "null")),
        ({"name": 7}, ("name", "invalid_type")),
        ({"tickers": "AAPL"}, ("tickers", "invalid_type")),
        ({"tickers": {"AAPL": 1}}, ("tickers", "invalid_type")),
        ({"tickers": None}, ("tickers", "null")),
        ({"tickers": [1]}, ("tickers.0", "invalid_type")),
        ({"tickers": [None]}, ("tickers.0", "null")),
        ({"tickers": ["AAPL", "BRK.B", "MSFT", "NVDA", "TSLA", "KO"]}, ("tickers", "too_many")),
        ({"tickers": ["AAPL", "ZZZZ"]}, ("tickers.1", "unknown_ticker")),
        ({"timeframe_days": -(10**30)}, ("timeframe_days", "out_of_range")),
        ({"timeframe_days": 7.5}, ("timeframe_days", "invalid_type")),
        ({"timeframe_days": True}, ("timeframe_days", "invalid_type")),
        ({"include_extended_hours": 1}, ("include_extended_hours", "invalid_type")),
        ({"config_id": "mine"}, ("config_id", "unknown_field")),
        ({"x" * 5000: 1}, ("x" * 100 + "…", "unknown_field")),
        ({"\ud800": 1}, ("\ud800", "unknown_field")),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_wrong_field_is_named_and_nothing_changes(
    client: FlaskClient, ann: Headers, method: str, fields: dict[str, Any], problem: tuple[str, str]
) -> None:
    kept = client.post(CONFIGURATIONS, json=a_body(name="Kept"), headers=ann)
    path = CONFIGURATIONS if method == "POST" else kept.headers["Location"]

    refused = client.open(path, method=method, json=a_body(**fields), headers=ann)

    assert refused.status_code == 400
    assert problems_of(refused) == [problem]
    assert client.get(CONFIGURATIONS, headers=ann).json["configurations"] == [kept.json]


def test_all_wrong_fields_are_named_at_once(client: FlaskClient, ann: Headers) -> None:
    wrong = {"tickers": [7, "ZZZZ", "FB", "$", "fb"], "timeframe_days": "x", "include_extended_hours": 0, "colour": 1}

    refused = client.post(CONFIGURATIONS, json=wrong, headers=ann)

    assert refused.json["code"] == "validation_failed"
    assert sorted(problems_of(refused)) == [
        ("colour", "unknown_field"),
        ("include_extended_hours", "invalid_type"),
        ("name", "required"),
        ("tickers.0", "invalid_type"),
        ("tickers.1", "unknown_ticker"),
        ("tickers.2", "delisted_ticker"),
        ("tickers.3", "invalid_symbol"),
        ("tickers.4", "duplicate"),
        ("timeframe_days", "invalid_type"),
    ]


def test_a_delisted_ticker_is_refused_with_its_successor(client: FlaskClient, ann: Headers) -> None:
    refused = client.post(CONFIGURATIONS, json=a_body(tickers=["FB"]), headers=ann).json

    assert (refused["code"], refused["successor"]) == ("delisted_ticker", "META")
    assert refused["errors"][0]["successor"] == "META"


def test_an_unknown_and_a_delisted_ticker_together_are_a_failed_validation(client: FlaskClient, ann: Headers) -> None:
    refused = client.post(CONFIGURATIONS, json=a_body(tickers=["ZZZZ", "FB"]), headers=ann)

    assert refused.json["code"] == "validation_failed"
    assert problems_of(refused) == [("tickers.0", "unknown_ticker"), ("tickers.1", "delisted_ticker")]


def test_a_wrong_field_beside_a_ticker_that_cannot_be_validated_now_is_named(make_app: MakeApp) -> None:
    client = make_app(ticker_list=AFixedList(authoritative=False)).test_client()

    refused = client.post(CONFIGURATIONS, json=a_body(name="", tickers=["ZZZZ"]), headers=a_session(client))

    assert refused.status_code == 400
    assert problems_of(refused) == [("name", "too_short")]


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{'name': 'Tech'}", b'{"timeframe_days": NaN}', b'{"timeframe_days": -Infinity}'),
        b'{"timeframe_days": ' + b"9" * 5000 + b"}",
        b'{"name": "\xff\xfe"}',
        '{"name": "Tech"}'.encode("utf-16"),
        b"[" * 8000,
    ],
)
def test_a_body_that_is_not_json_is_refused(client: FlaskClient, ann: Headers, body: bytes) -> None:
    refused = client.post(CONFIGURATIONS, data=body, content_type="application/json", headers=ann)

    assert (refused.status_code, refused.json["code"]) == (400, "malformed_json")
    assert client.get(CONFIGURATIONS, headers=ann).json["configurations"] == []


@pytest.mark.parametrize("body", ["[]", '"text"', "7", "null"])
def test_json_of_another_type_is_refused(client: FlaskClient, ann: Headers, body: str) -> None:
    refused = client.post(CONFIGURATIONS, data=body, content_type="application/json", headers=ann)

    assert refused.status_code == 400
    assert problems_of(refused) == [("", "invalid_type")]


def test_a_byte_order_mark_before_the_json_is_ignored(client: FlaskClient, ann: Headers) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(a_body()).encode()

    created = client.post(CONFIGURATIONS, data=body, content_type="application/json", headers=ann)

    assert (created.status_code, created.json["name"]) == (201, "Tech")


@pytest.mark.parametrize(
    ("content_type", "encoding"),
    [("", None), ("text/plain", None), ("application/merge-patch+json", None), ("application/json", "gzip")],
)
def test_a_body_of_another_media_type_or_encoding_is_refused(
    client: FlaskClient, ann: Headers, content_type: str, encoding: str | None
) -> None:
    headers = ann | ({"Content-Encoding": encoding} if encoding else {})

    refused = client.post(CONFIGURATIONS, data=json.dumps(a_body()), content_type=content_type, headers=headers)

    assert (refused.status_code, refused.json["code"]) == (415, "unsupported_media_type")


def test_the_largest_body_has_16_kib(client: FlaskClient, ann: Headers) -> None:
    body = json.dumps(a_body()).encode()
    fits, too_large = (body + b" " * (size - len(body)) for size in (16 * 1024, 16 * 1024 + 1))

    created = client.post(CONFIGURATIONS, data=fits, content_type="application/json", headers=ann)
    refused = client.post(CONFIGURATIONS, data=too_large, content_type="application/json", headers=ann)

    assert created.status_code == 201
    assert (refused.status_code, refused.json["code"]) == (413, "payload_too_large")


def test_a_chunked_body_that_is_too_large_is_refused(client: FlaskClient, ann: Headers) -> None:
    refused = client.post(
        CONFIGURATIONS,
        data=b" " * 65536,
        content_type="application/json",
        headers=ann | {"Transfer-Encoding": "chunked"},
        environ_overrides={"CONTENT_LENGTH": "", "wsgi.input_terminated": True},
    )

    assert (refused.status_code, refused.json["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize("limit", ["-1", "0", "51", "abc", "", "1.5", "1e1", "٣", "9" * 5000])
def test_an_invalid_search_limit_is_refused(client: FlaskClient, limit: str) -> None:
    refused = client.get(f"{V2}/tickers/search", query_string={"q": "a", "limit": limit})

    assert refused.status_code == 400
    assert [wrong["field"] for wrong in refused.json["errors"]] == ["limit"]
