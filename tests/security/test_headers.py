"""Security headers, caching, redirects and CORS."""

from __future__ import annotations

import re
from datetime import timedelta
from functools import partial

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from adapters.memory import MemoryStore
from domain.configurations import Configuration
from domain.errors import StoreUnavailable
from entrypoints.api.security_headers import SECURITY_HEADERS
from tests.api.conftest import ORIGIN, V2, MakeApp, a_body, a_session

CONFIGURATIONS = f"{V2}/configurations"


class AFailingStore(MemoryStore):
    """Raises StoreUnavailable for one id, and an unexpected error for another."""

    def get(self, user_id: str, config_id: str) -> Configuration:
        if config_id == "down":
            raise StoreUnavailable("Down.", retry_after=timedelta(seconds=1))
        if config_id == "broken":
            raise RuntimeError(config_id)
        return super().get(user_id, config_id)


def one_of_each_status(client: FlaskClient) -> dict[int, TestResponse]:
    """One response of each status that a user can get."""
    ann = a_session(client)
    ask = partial(client.open, headers=ann)
    created = ask(CONFIGURATIONS, method="POST", json=a_body())
    path = created.headers["Location"]
    answers = [
        created,
        client.get(path, headers=ann | {"If-None-Match": created.headers["ETag"]}),
        client.delete(path, headers=ann | {"If-Match": '"other"'}),
        ask(CONFIGURATIONS),
        ask(CONFIGURATIONS, method="POST", json=a_body(name="")),
        client.get(CONFIGURATIONS),
        ask(f"{CONFIGURATIONS}/none"),
        ask(CONFIGURATIONS, method="DELETE"),
        ask(CONFIGURATIONS, method="POST", data=b"x" * 20_000, content_type="application/json"),
        ask(CONFIGURATIONS, method="POST", data=b"x"),
        ask(f"{CONFIGURATIONS}/broken"),
        ask(f"{CONFIGURATIONS}/down"),
        ask(path, method="DELETE"),
    ]
    return {answer.status_code: answer for answer in answers}


def test_every_private_response_has_all_security_headers_and_is_not_cached(make_app: MakeApp) -> None:
    answers = one_of_each_status(make_app(store=AFailingStore()).test_client())

    assert sorted(answers) == [200, 201, 204, 304, 400, 401, 404, 405, 412, 413, 415, 500, 503]
    for status, answer in answers.items():
        assert {name: answer.headers.getlist(name) for name in SECURITY_HEADERS} == {
            name: [value] for name, value in SECURITY_HEADERS.items()
        }, status
        assert len(answer.headers.getlist("X-Request-ID")) == 1, status


@pytest.mark.parametrize("path", ["/", "/docs", "/openapi.json", "/static/config-api.js", "/static/x/theme.js"])
def test_every_cacheable_response_has_the_other_security_headers_and_does_not_depend_on_the_user(
    client: FlaskClient, path: str
) -> None:
    answer = client.get(path)
    as_ann = client.get(path, headers=a_session(client))

    assert answer.status_code == 200
    assert SECURITY_HEADERS.keys() <= {name for name, _ in answer.headers}
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert as_ann.data == answer.data
    assert "Set-Cookie" not in as_ann.headers


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_forbids_inline_code_markup_sinks_and_frames(client: FlaskClient, path: str) -> None:
    page = client.get(path)

    policy = page.headers["Content-Security-Policy"]
    for directive in ("default-src 'self'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"):
        assert directive in policy
    assert "require-trusted-types-for 'script'" in policy
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! [^>]*src=)", page.text)


@pytest.mark.parametrize("host", ["", "a b", "[::1", "é", "<b>", "a" * 300, "..", "x:port", "a@b"], ids=ascii)
@pytest.mark.parametrize("path", ["/api/v2/health", "/nothing"])
def test_a_malformed_host_is_ignored_or_refused_in_the_problem_format(
    client: FlaskClient, path: str, host: str
) -> None:
    environ = {"HTTP_HOST": host.encode().decode("latin-1")}

    answer = client.get("/", environ_overrides={"PATH_INFO": path} | environ)

    assert answer.status_code in {200, 400, 404}
    assert answer.status_code == 200 or answer.content_type == "application/problem+json"
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "path",
    [
        "/api//v2/health",
        "/api/v2/health/",
        "//evil.example/docs",
        "/\\evil.example",
        "/\r\nLocation: https://a.example",
    ],
)
def test_no_redirect_uses_the_host_header(client: FlaskClient, path: str) -> None:
    answer = client.get("/", environ_overrides={"PATH_INFO": path, "HTTP_HOST": "evil.example"})

    assert answer.status_code in {200, 404}
    assert "Location" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/static/%2e%2e/__init__.py", "/static/..%2f__init__.py", "/static/x/../../settings.py", "/static//etc/passwd"],
)
def test_path_traversal_out_of_the_assets_is_404(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "origin",
    [
        *("http://app.example.com", "https://app.example.com:444", "https://app.example.com.", "*", "null", ""),
        *("https://app.example.com@evil.example", "https://app.example.comevil.example", "https://appxexample.com"),
        *("https://xapp.example.com", "https://sub.app.example.com"),
    ],
)
def test_an_origin_that_resembles_an_allowed_one_is_refused(client: FlaskClient, origin: str) -> None:
    for answer in (
        client.get(CONFIGURATIONS, headers={"Origin": origin}),
        client.options(CONFIGURATIONS, headers={"Origin": origin, "Access-Control-Request-Method": "POST"}),
    ):
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control-Allow")]
        assert "Origin" in answer.headers["Vary"]


def test_an_allowed_origin_may_read_errors_and_pages(client: FlaskClient) -> None:
    for path in (CONFIGURATIONS, "/nothing", "/", "/openapi.json"):
        assert client.get(path, headers={"Origin": ORIGIN}).headers["Access-Control-Allow-Origin"] == ORIGIN
