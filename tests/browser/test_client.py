"""The client alone: what it repeats, how long it waits, and what it returns or throws."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.client import CREATED, DRAFT, OK, UNREADABLE, Client, refused
from tests.browser.conftest import checked_contexts
from tests.browser.service import serve

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A page of the service that does not load the dashboard.

    For all tests of this file: with a page for each, they took 12.7 instead of 5.5 s.
    """
    with (
        serve(tmp_path_factory.mktemp("client")) as server,
        checked_contexts(browser, server) as new_context,
    ):
        page = new_context(bypass_csp=True).new_page()
        body = "<link rel=icon href=data:,>"
        page.route("**/empty", lambda route: route.fulfill(content_type="text/html", body=body))
        yield page


@pytest.fixture
def client(page: Page) -> Client:
    """The client, after the page was loaded again."""
    page.goto("/empty")
    return Client(page)


def test_all_attempts_of_a_create_send_the_same_key(client: Client) -> None:
    answers = [{"status": 0}, refused(503, "store_unavailable"), refused(429, "throttled"), {"status": 502}, CREATED]

    outcome = client("create", DRAFT, answers=answers)

    keys = {each["headers"]["idempotency-key"] for each in outcome["sent"]}
    assert outcome["result"]["revision"] == "one"
    assert len(outcome["sent"]) == 5
    assert len(keys) == 1


def test_two_creates_send_different_keys(client: Client) -> None:
    first, second = (client("create", DRAFT, answers=[CREATED])["sent"][0]["headers"] for _ in range(2))

    assert first["idempotency-key"] != second["idempotency-key"]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "validation_failed"),
        (404, "not_found"),
        (409, "limit_reached"),
        (422, "idempotency_key_reused"),
        (500, "x"),
    ],
)
def test_permanent_errors_are_not_repeated(client: Client, status: int, code: str) -> None:
    outcome = client("create", DRAFT, answers=[refused(status, code)])

    assert outcome["error"]["code"] == code
    assert len(outcome["sent"]) == 1


NOON, TEN_LATER = "Sun, 06 Nov 1994 12:00:00 GMT", "Sun, 06 Nov 1994 12:00:10 GMT"


@pytest.mark.parametrize(
    ("headers", "random", "wait"),
    [
        ({"Retry-After": "7"}, 0.0, 7),
        ({"Retry-After": "7"}, 0.99, 7.693),
        ({"Retry-After": TEN_LATER, "Date": NOON}, 0, 10),  # the clock of the browser does not matter
        ({"Retry-After": TEN_LATER}, 0, 0),  # in the past
        ({"Retry-After": "soon"}, 0, 0),
    ],
    ids=str,
)
def test_it_waits_for_retry_after_plus_jitter(
    client: Client, headers: Mapping[str, str], random: float, wait: float
) -> None:
    answers = [refused(503, "store_unavailable", headers), CREATED]

    assert client("create", DRAFT, answers=answers, random=random)["waits"] == pytest.approx([wait])


def test_without_retry_after_the_waits_grow_exponentially_up_to_a_cap(client: Client) -> None:
    answers: list[dict[str, Any]] = [*({"status": 0} for _ in range(8)), CREATED]

    waits = client("create", DRAFT, answers=answers, random=0.5)["waits"]

    assert waits == [0.25, 0.5, 1, 2, 4, 8, 10, 10]


def test_a_retry_after_above_a_minute_is_thrown_to_the_caller(client: Client) -> None:
    outcome = client("list", answers=[refused(503, "store_unavailable", {"Retry-After": "61"})])

    assert outcome["error"]["retryAfter"] == 61
    assert outcome["waits"] == []


def test_it_stops_repeating_when_patience_is_spent(client: Client) -> None:
    again = refused(429, "throttled", {"Retry-After": "4"})

    outcome = client("list", answers=[again] * 9, random=0, patience=10)

    assert outcome["waits"] == [4, 4]
    assert outcome["error"]["code"] == "throttled"


def test_an_abort_signal_ends_a_wait(client: Client) -> None:
    outcome = client("list", answers=[refused(503, "store_unavailable", {"Retry-After": "9"})], abortAfter=0)

    assert outcome["error"]["name"] == "AbortError"


def test_an_error_carries_the_problem_details(client: Client) -> None:
    fields = [{"field": "tickers.0", "code": "delisted_ticker", "detail": "Gone.", "successor": "META"}]

    facts: dict[str, Any] = {"errors": fields, "max_allowed": 2, "config_id": "1", "deleted_at": "2026-11-23T12:00:00Z"}

    error = client("create", DRAFT, answers=[refused(400, "delisted_ticker", **facts)])["error"]

    assert error["name"] == "ConfigApiError"
    assert (error["status"], error["code"], error["message"]) == (400, "delisted_ticker", "No.")
    assert error["fields"] == fields
    assert error["requestId"] == "r-1"
    assert (error["maxAllowed"], error["configId"], error["deletedAt"]) == (2, "1", "2026-11-23T12:00:00Z")


def test_a_gateway_response_without_problem_details_is_an_error(client: Client) -> None:
    html = {"status": 403, "headers": {"Content-Type": "text/html"}, "body": "<h1>Forbidden</h1>"}

    error = client("list", answers=[html])["error"]

    assert (error["name"], error["code"], error["fields"]) == ("ConfigApiError", "http_403", [])


def test_a_refused_token_is_replaced_once(client: Client) -> None:
    expired = refused(401, "expired_token")

    outcome = client("list", answers=[expired, expired], tokens=["old", "new"])

    assert [each["headers"]["authorization"] for each in outcome["sent"]] == ["Bearer old", "Bearer new"]
    assert outcome["error"]["code"] == "expired_token"


def test_a_revision_mismatch_carries_both_versions(client: Client) -> None:
    answers = [refused(412, "revision_mismatch"), {**OK, "body": {**OK["body"], "name": "Theirs"}}]

    outcome = client("update", "1", {"name": "Mine"}, answers=answers, ifMatch="one")

    assert outcome["sent"][0]["headers"]["if-match"] == '"one"'
    assert outcome["error"]["name"] == "RevisionMismatch"
    assert outcome["error"]["mine"] == {"name": "Mine"}
    assert (outcome["error"]["theirs"]["name"], outcome["error"]["theirs"]["revision"]) == ("Theirs", "two")


@pytest.mark.parametrize(("call", "method"), [("update", "PATCH"), ("replace", "PUT")])
def test_a_change_that_is_already_stored_succeeds(client: Client, call: str, method: str) -> None:
    changes = {"name": " Tech ", "tickers": ["aapl"], "timeframe_days": 7, "include_extended_hours": False}

    outcome = client(call, "1", changes, answers=[{"status": 0}, refused(412, "revision_mismatch"), OK], ifMatch="x")

    assert [each["method"] for each in outcome["sent"]] == [method, method, "GET"]

    assert outcome["result"]["revision"] == "two"


def test_a_repeated_delete_that_finds_nothing_succeeds(client: Client) -> None:
    outcome = client("remove", "1", answers=[{"status": 0}, refused(404, "not_found")])

    assert outcome["result"] is None
    assert len(outcome["sent"]) == 2


def test_a_first_delete_that_finds_nothing_fails(client: Client) -> None:
    assert client("remove", "1", answers=[refused(404, "not_found")])["error"]["code"] == "not_found"


def test_an_id_is_escaped_in_the_path(client: Client) -> None:
    outcome = client("get", "../auth/me?x=#", answers=[OK])

    assert outcome["sent"][0]["url"] == "/api/v2/configurations/..%2Fauth%2Fme%3Fx%3D%23"


@pytest.mark.parametrize(
    ("call", "argument", "url"),
    [
        ("me", None, "/api/v2/auth/me"),
        ("ticker", "BRK/B", "/api/v2/tickers/BRK%2FB"),
        ("validateTicker", "BRK B&", "/api/v2/tickers/validate?symbol=BRK+B%26"),
    ],
)
def test_a_read_returns_the_body(client: Client, call: str, argument: str | None, url: str) -> None:
    outcome = client(call, *([argument] if argument else []), answers=[OK])

    assert outcome["result"] == OK["body"]
    assert [(each["method"], each["url"]) for each in outcome["sent"]] == [("GET", url)]


@pytest.mark.parametrize("etag", ['"one"', 'W/"one"'])
def test_if_match_accepts_an_etag(client: Client, etag: str) -> None:
    outcome = client("update", "1", {"name": "Mine"}, answers=[OK], ifMatch=etag)

    assert outcome["sent"][0]["headers"]["if-match"] == etag


def test_an_unchanged_list_is_null(client: Client) -> None:
    outcome = client("list", answers=[{"status": 304}], ifNoneMatch='"all"')

    assert outcome["sent"][0]["headers"]["if-none-match"] == '"all"'
    assert outcome["result"] is None


@pytest.mark.parametrize("unreadable", UNREADABLE, ids=["cut", "empty", "html"])
@pytest.mark.parametrize(
    ("call", "args"),
    [
        ("create", [DRAFT]),
        ("update", ["1", {"name": "Mine"}]),
        ("get", ["1"]),
        ("list", []),
        ("startSession", []),
        ("validateTickers", [["AAPL"]]),
    ],
)
def test_a_success_with_an_unreadable_body_is_repeated(
    client: Client, call: str, args: list[Any], unreadable: Mapping[str, Any]
) -> None:
    """A cut response and the page of a captive portal are network failures, not results."""
    readable = {**OK, "body": {**OK["body"], "results": [1]}}

    outcome = client(call, *args, answers=[unreadable, readable])

    keys = {each["headers"].get("idempotency-key") for each in outcome["sent"]}
    assert outcome["result"]
    assert len(outcome["sent"]) == 2
    assert len(keys) == 1


def test_readiness_reports_an_unreadable_body_as_a_network_error(client: Client) -> None:
    assert client("readiness", answers=[UNREADABLE[2]])["error"]["code"] == "network_error"


def test_readiness_returns_the_state_while_the_store_is_down(client: Client) -> None:
    answer = {"status": 503, "body": {"status": "unready", "tickers": {"source": "s3"}}}

    assert client("readiness", answers=[answer])["result"]["tickers"] == {"source": "s3"}


def test_the_timeout_of_an_attempt_covers_the_body(client: Client) -> None:
    outcome = client.page.evaluate(
        """async () => {
          const { ConfigApi } = await import("/static/config-api.js");
          const timeout = new AbortController();
          AbortSignal.timeout = () => timeout.signal;
          const fetch = async ({ signal }) => {
            const stalled = new ReadableStream({
              start: (body) => signal.addEventListener("abort", () => body.error(signal.reason)),
            });
            queueMicrotask(() => timeout.abort());
            return new Response(stalled, { status: 200 });
          };
          return new ConfigApi({ fetch }).list({ patience: 0 }).catch(({ code }) => code);
        }"""
    )

    assert outcome == "network_error"


@pytest.mark.parametrize(
    ("call", "options", "error"),
    [
        ("create", {"answers": [], "idempotencyKey": "ключ"}, "TypeError"),
        ("list", {"answers": [], "tokens": None}, "RangeError"),
        ("list", {"answers": [{"bug": "x is not defined"}]}, "ReferenceError"),
    ],
    ids=["an invalid key", "in the token function", "during the request"],
)
def test_a_programming_error_is_thrown_immediately(
    client: Client, call: str, options: dict[str, Any], error: str
) -> None:
    outcome = client(call, *([DRAFT] if call == "create" else []), **options)

    assert outcome["error"]["name"] == error
    assert outcome["waits"] == []


def test_it_works_without_abort_signal_any(client: Client) -> None:
    client.page.evaluate("delete AbortSignal.any")

    assert client("create", DRAFT, answers=[CREATED])["result"]["config_id"] == "1"


def test_a_wait_can_be_cut_short(client: Client) -> None:
    outcome = client.page.evaluate(
        """async () => {
          const { ConfigApi } = await import("/static/config-api.js");
          const answers = [new Response("", { status: 503 }), Response.json({ ok: 1 })];
          const api = new ConfigApi({ fetch: async () => answers.shift() });
          return api.list({ onWait: (wait) => wait?.retryNow() });
        }"""
    )

    assert outcome["ok"] == 1
