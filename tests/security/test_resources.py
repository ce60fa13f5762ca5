"""Limits to the cost of one request and of one caller."""

from __future__ import annotations

import io

import pytest
from flask.testing import FlaskClient

from entrypoints.api.bodies import MAX_BODY, MAX_PROBLEMS
from tests.api.conftest import V2, MakeApp

CONFIGURATIONS = f"{V2}/configurations"
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        b"{" + b",".join(b'"%d":1' % number for number in range(1800)) + b"}",
        b'{"symbols":[' + b",".join([b"0"] * 8000) + b"]}",
        b'{"name":"a","tickers":[' + b",".join([b"0"] * 8000) + b"]}",
        b'{"name":0,"tickers":["' + b'","'.join([b"?"] * 4000) + b'"]}',
    ],
    ids=["fields", "symbols", "tickers", "no symbols"],
)
@pytest.mark.parametrize("path", [CONFIGURATIONS, f"{V2}/tickers/validate"])
def test_the_response_to_an_invalid_body_is_not_larger_than_the_body_may_be(
    client: FlaskClient, ann: dict[str, str], body: bytes, path: str
) -> None:
    assert len(body) <= MAX_BODY

    answer = client.post(path, data=body, headers=ann | JSON)

    assert answer.status_code == 400
    assert 1 <= len(answer.json["errors"]) <= MAX_PROBLEMS
    assert len(answer.data) < MAX_BODY


@pytest.mark.parametrize("error", [OSError("reset"), RuntimeError("Invalid chunk size: 0x"), EOFError()], ids=repr)
def test_a_truncated_body_is_400_and_raises_no_alarm(
    client: FlaskClient, ann: dict[str, str], caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    class ABrokenBody(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise error

        def readinto(self, _: object) -> int:
            raise error

    environ = {"wsgi.input": ABrokenBody(), "wsgi.input_terminated": True}

    answer = client.post(CONFIGURATIONS, headers=ann | JSON, environ_overrides=environ)

    assert (answer.status_code, answer.json["code"]) == (400, "malformed_json")
    assert "internal error" not in caplog.messages


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("", "@", False),
    ],
)
def test_an_ipv6_network_counts_as_one_client(make_app: MakeApp, first: str, second: str, *, same: bool) -> None:
    client = make_app(settings={"rate_address": "1/hour"}).test_client()

    statuses = [
        client.post(f"{V2}/auth/anonymous", environ_base={"REMOTE_ADDR": address}).status_code
        for address in (first, second)
    ]

    assert statuses == [201, 429 if same else 201]


@pytest.mark.parametrize("claim", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_forwarded_headers_do_not_change_the_client_address(make_app: MakeApp, claim: str) -> None:
    client = make_app(settings={"rate_address": "1/hour"}).test_client()
    client.post(f"{V2}/auth/anonymous", headers={claim: "192.0.2.1"})

    assert client.post(f"{V2}/auth/anonymous", headers={claim: "192.0.2.2"}).status_code == 429
