"""The client in a page, with responses that a test sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from playwright.sync_api import Page

PROBLEM = "application/problem+json"
DRAFT = {"name": "Tech", "tickers": ["AAPL"], "timeframe_days": 7, "include_extended_hours": False}
STORED = {
    "config_id": "1",
    "name": "Tech",
    "tickers": [{"symbol": "AAPL", "name": "Apple Inc.", "exchange": "NASDAQ"}],
    "timeframe_days": 7,
    "include_extended_hours": False,
    "revision": "one",
}


SCRIPT = """async ({ answers, call, args, random, tokens }) => {
  const client = await import("/static/config-api.js");
  const sent = [], waits = [];
  const fetch = async (request) => {
    const { pathname, search } = new URL(request.url);
    sent.push({ method: request.method, url: pathname + search, headers: Object.fromEntries(request.headers) });
    const answer = answers.shift();
    if (answer.status === 0) throw new TypeError("no network");
    if (answer.bug) throw new ReferenceError(answer.bug);
    const body = answer.text ?? (answer.body === undefined ? null : JSON.stringify(answer.body));
    return new Response(body, { status: answer.status, headers: answer.headers ?? {} });
  };
  globalThis.setTimeout = (run, ms) => { queueMicrotask(run); return 0; };
  const getToken = (refused) => {
    if (tokens === null) throw new RangeError("no token");
    return refused ? tokens[1] : tokens[0];
  };
  const api = new client.ConfigApi({ baseUrl: "/api/v2/", getToken, fetch, random: () => random });
  const options = args.at(-1);
  options.onWait = (wait) => wait && waits.push(wait.seconds);
  if (options.abortAfter !== undefined) {
    const controller = new AbortController();
    options.signal = controller.signal;
    options.onWait = () => controller.abort();
  }
  try {
    return { result: (await api[call](...args)) ?? null, sent, waits };
  } catch (error) {
    return { error: { ...error, name: error.name, message: error.message }, sent, waits };
  }
}"""


class Client:
    def __init__(self, page: Page) -> None:
        self.page = page

    def __call__(
        self,
        call: str,
        *args: Any,
        answers: Sequence[Mapping[str, Any]],
        random: float = 0.5,
        tokens: Sequence[str | None] | None = ("a-token", None),
        **options: Any,
    ) -> dict[str, Any]:
        """Make one call while the service gives these answers in order. Timers fire immediately."""
        given = {"answers": answers, "call": call, "args": [*args, options], "random": random, "tokens": tokens}
        result: dict[str, Any] = self.page.evaluate(SCRIPT, given)
        return result


def refused(status: int, code: str, headers: Mapping[str, str] | None = None, **extra: Any) -> dict[str, Any]:
    body = {"code": code, "detail": "No.", "status": status, "request_id": "r-1", **extra}
    return {"status": status, "body": body, "headers": {"Content-Type": PROBLEM, **(headers or {})}}


CREATED: dict[str, Any] = {"status": 201, "body": STORED}
OK: dict[str, Any] = {"status": 200, "body": {**STORED, "revision": "two"}}
UNREADABLE: list[dict[str, Any]] = [
    {"status": 200, "text": '{"config_id": "1", "na'},
    {"status": 200, "text": ""},
    {"status": 200, "text": "<!doctype html><title>Sign in to this network</title>"},
]
