"""docs/scale.md says what follows from its assumptions: change one there, and this names the rows that follow."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import cache
from math import ceil
from typing import Any

import pytest

from adapters.dynamodb.models import QUOTA, RawItem, encoded, partition
from adapters.tickers.bundled import bundled
from domain.configurations import MAX_NAME, MAX_NAME_CODE_POINTS, MAX_TIMEFRAME_DAYS, Configuration, ConfigurationInput
from domain.limits import MAX_TICKERS
from domain.services import ConfigurationList
from domain.tickers import Ticker
from entrypoints.api.representations import of_configuration_list
from entrypoints.encoding import to_json
from entrypoints.settings import Settings
from tests.builders import NOW, a_configuration
from tests.deployment.recorder import recording
from tests.deployment.stage import ROOT
from tests.deployment.test_costs import FIVE, documented
from tests.support.ministack import a_dynamodb_store, a_table

USERS = (10_000, 100_000, 1_000_000)
HELD = (1, 2, 5, 10, 20, 50, 100)
MONTH, DAY = 365 * 86_400 / 12, 86_400
"""Seconds."""
WRITE_UNIT, READ_UNIT = 1024, 4096
"""Bytes (Amazon DynamoDB Developer Guide, "DynamoDB item sizes and formats", as are the sizes below)."""
MILLION = 1_000_000
USER = f"anon_{'0' * 32}"
READY = 0.5
"""Read units of the probe in /health/ready: an eventually consistent read."""

PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
DEPLOYMENT = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
STAGE = json.loads((ROOT / "zappa_settings.json").read_text(encoding="utf-8"))
STAGE = STAGE["base"] | STAGE["production"]

Row = str


def test_the_load_follows_from_the_model() -> None:
    says(_row(f"{users:,}", *_load(users)) for users in USERS)


def test_the_costs_follow_from_the_load_and_the_prices() -> None:
    bills = [costs(users) for users in USERS]

    says(_row(line, *(f"{bill[line]:,.2f}" for bill in bills)) for line in bills[0])
    says([_row("**together**", *(f"**{sum(bill.values()):,.2f}**" for bill in bills))])
    assert f"cost some {round(sum(bills[-1].values()), -1):.0f} $ a month" in PAGE
    says([_row("a thousand users", *(f"{sum(b.values()) / n * 1000:.2f}" for b, n in zip(bills, USERS, strict=True)))])


def test_each_quota_is_reached_where_the_page_says() -> None:
    requests, writes, reads = (per_user * number("peak factor") / MONTH for per_user in a_month())

    says(
        _row(f"{value:,}", what, f"{value / each / MILLION:,.1f}")
        for value, what, each in (
            (100, "requests/s: a new account's 10 copies", requests),
            (STAGE["lambda_concurrency"] * 10, "requests/s: `lambda_concurrency` of `production`", requests),
            (10_000, "requests/s: the account's 1,000 copies; the gateway", requests),
            (4_000, "write units/s: a table that is new", writes),
            (12_000, "read units/s: a table that is new", reads),
            (40_000, "write units/s: a table's quota", writes),
        )
    )


def test_copies_serve_what_little_and_lambda_allow() -> None:
    copies = STAGE["lambda_concurrency"]

    says(
        _row(what, f"{copies / seconds:,.0f}", f"{min(copies / seconds, copies * 10):,.0f}")
        for what, seconds in (("20 ms", 0.02), ("100 ms", 0.1), ("400 ms", 0.4), ("1 s", 1), ("5 s", 5))
    )


def test_a_crowd_and_an_attack_are_as_large_as_the_page_says() -> None:
    crowd, requests = number("of all users, a push brings"), number("requests each, within a minute")
    copies = STAGE["lambda_concurrency"]
    attack = copies * 10 * _a_million_requests() / MILLION

    says(
        [
            _row("a push, of a million users", f"{crowd / 100 * MILLION * requests / 60:,.0f} requests/s"),
            _row("an attack at the ceiling, at most", f"{attack * DAY:,.0f} $ a day, {attack * MONTH:,.0f} $ a month"),
        ]
    )


def test_what_one_partition_can_do_follows_from_the_units() -> None:
    units = {request: units for request, (_, *units) in documented().items()}

    says(
        _row(request, f"{writes:.0f}", f"{reads:.0f}", f"{min(1000 / (writes or 0.1), 3000 / (reads or 0.1)):,.0f}")
        for request, (writes, reads) in units.items()
    )


def test_items_have_the_sizes_that_the_page_says() -> None:
    names = [ticker.name for ticker in _listed()]
    typical = round(sum(len(name.encode()) for name in names) / len(names))
    items = {
        "usual: three tickers": a_usual_one(),
        f"five tickers, named in {typical} bytes as the bundled list does": _real(*_five("x" * typical)),
        "five tickers, named in 42 bytes, and a name of 50": _real(*FIVE, name="x" * 50),
        "the largest": the_largest(),
    }

    says(_row(what, f"{size(item):,}", *map(str, _units(size(item)))) for what, item in items.items())
    says([_row("of each, the `QUOTA` item", f"{_size_of(a_quota()):,}", "2", "0", "2")])


def test_a_list_grows_as_the_page_says() -> None:
    usual, largest = a_usual_one(), the_largest()

    says(
        _row(
            str(held),
            *(str(ceil(held * size(each) / READ_UNIT)) for each in (usual, largest)),
            *(
                f"{len(to_json(of_configuration_list(ConfigurationList((each,) * held, held)))) / 1000:,.1f}"
                for each in (usual, largest)
            ),
        )
        for held in HELD
    )


def test_a_reconcile_takes_what_the_page_says() -> None:
    stored = MILLION * _item_bytes()
    units, pages = stored / READ_UNIT / 2, ceil(stored / 2**20)

    says(
        [
            _row(
                f"{MILLION:,}",
                f"{pages:,}",
                f"{units:,.0f}",
                f"{units * prices()['read'] / MILLION:.2f} $",
                f"{pages * number('ms for a page of a scan') / 60_000:.1f} minutes",
            )
        ]
    )


@pytest.mark.slow
@pytest.mark.xdist_group("deployment")
def test_the_largest_configuration_takes_the_units_that_the_page_says(aws: str) -> None:
    with recording() as calls:
        store = a_dynamodb_store(aws, a_table(aws))
    largest = the_largest()
    create, update, delete = _units(size(largest))

    def units_of(request: Callable[[], object]) -> float:
        calls.made.clear()
        request()
        return sum(call.units for call in calls.made if call.operation == "TransactWriteItems")

    assert units_of(lambda: store.add(largest, limit=1)) == create
    assert units_of(lambda: store.update(largest.user_id, largest.config_id, lambda found: found)) == update
    assert store.list(largest.user_id) == (largest,)
    assert units_of(lambda: store.remove(largest.user_id, largest.config_id)) == delete


def costs(users: int) -> Mapping[str, float]:
    """Dollars a month by line. Free tiers are left out, and all prices are those of the first tier."""
    price, (requests, writes, reads) = prices(), (each * users for each in a_month())
    a_second = requests / MONTH
    stored = users * _item_bytes(overhead=100) / 1e9
    versions, memory = STAGE["num_retained_versions"], STAGE["memory_size"] / 1024
    starts = _copies(users) * number("starts of a copy a day") * MONTH / DAY
    traces = min(a_second, 1 + 0.05 * (a_second - 1)) * MONTH
    return {
        "DynamoDB, writes": writes * price["write"] / MILLION,
        "DynamoDB, reads": reads * price["read"] / MILLION,
        "DynamoDB, storage and recovery": stored * (priced("storage") + priced("point-in-time recovery")),
        "HTTP API": requests * price["gateway"] / MILLION,
        "Lambda": requests * (price["invocation"] + price["ms"] / 1000 * memory * price["gb_s"]) / MILLION,
        "SnapStart": versions * memory * MONTH * priced("snapshots") / MILLION + starts * memory * priced("restores"),
        "logs": requests * price["log_kb"] * 1e3 / 1e9 * price["logs"],
        "metrics": price["metrics"] * price["metric"],
        "X-Ray": traces * priced("traces") / MILLION,
        "data to the internet": requests * number("KB of a response") * 1e3 / 1e9 * priced("data out"),
        "S3, the ticker list": _copies(users) * MONTH / Settings().ticker_ttl.total_seconds() * priced("S3") / MILLION,
    }


@cache
def prices() -> Mapping[str, float]:
    """What docs/deployment.md says, in the order in which it does."""
    (said,) = re.findall(r"With the prices of us-east-1 \((.*?)of log lines", DEPLOYMENT, re.DOTALL)
    (metrics,) = re.findall(r"some (\d+) metrics of CloudWatch at ([\d.]+) \$", DEPLOYMENT)
    (ms,), (log_kb,) = re.findall(r"(\d+) ms at 1 GB", said), re.findall(r"([\d.]+) KB", said)
    names = ("write", "read", "gateway", "invocation", "gb_s", "logs")
    values = dict(zip(names, map(float, re.findall(r"([\d.]+) \$", said)), strict=True))
    return values | {"ms": float(ms), "log_kb": float(log_kb), "metrics": int(metrics[0]), "metric": float(metrics[1])}


def a_month() -> tuple[float, float, float]:
    """Requests, write units and read units of one user."""
    table = PAGE.split("## The load", 1)[1].split("\n## ", 1)[0]
    model = {name: float(times) for name, times in re.findall(r"^\| (\w+) \| ([\d.]+) \|", table, re.MULTILINE)}
    units = documented() | {"ready": (1, 0, READY)}
    writes, reads = (sum(times * units.get(name, (0, 0, 0))[i] for name, times in model.items()) for i in (1, 2))
    return sum(model.values()), writes, reads


def number(what: str) -> float:
    """An assumption of the page."""
    (value,) = re.findall(rf"^\| {re.escape(what)} \| ([\d.,]+) \|", PAGE, re.MULTILINE)
    return float(value.replace(",", ""))


def priced(what: str) -> float:
    """A price of the page, in dollars."""
    (value,) = re.findall(rf"^\| {re.escape(what)} \| ([\d.]+) \$", PAGE, re.MULTILINE)
    return float(value)


def says(rows: Iterable[Row]) -> None:
    missing = [row for row in rows if row not in PAGE.splitlines()]
    assert not missing, "\n".join(["docs/scale.md should say:", *missing])


def _row(*cells: str) -> Row:
    return f"| {' | '.join(cells)} |"


def _load(users: int) -> Iterator[str]:
    requests, writes, reads = (each * users for each in a_month())
    peak = requests / MONTH * number("peak factor")
    yield f"{requests / MILLION:,.2f}"
    yield f"{requests / MONTH:,.1f}"
    yield f"{peak:,.1f}"
    yield f"{writes / MONTH * number('peak factor'):,.1f}"
    yield f"{reads / MONTH * number('peak factor'):,.1f}"
    yield f"{_busy(users):,.1f}"


def _busy(users: int) -> float:
    """Copies that serve at once at the peak: rate times duration (Little's law)."""
    return a_month()[0] * users / MONTH * number("peak factor") * prices()["ms"] / 1000


def _copies(users: int) -> float:
    return ceil(_busy(users)) * number("warm copies for a busy one")


def _a_million_requests() -> float:
    """Dollars for those that reach no store, as docs/deployment.md reckons them."""
    (row,) = re.findall(r"^\| tickers, sessions .*\*\*([\d.]+) \$\*\* \|$", DEPLOYMENT, re.MULTILINE)
    return float(row)


def _item_bytes(overhead: int = 0) -> float:
    """What one user stores."""
    return number("configurations held") * (size(a_usual_one()) + overhead) + _size_of(a_quota()) + overhead


def a_usual_one() -> Configuration:
    return _real(*(ticker for ticker in _listed() if ticker.symbol in {"AAPL", "MSFT", "NVDA"}), name="Tech giants")


def the_largest() -> Configuration:
    """As far as the rules go; what a ticker is called, the list's publisher decides: here, as long as it gets."""
    longest = sorted(_listed(), key=lambda ticker: len(ticker.name.encode()))[-MAX_TICKERS:]
    character = "\U0001f469" + "\U000e0061" * (MAX_NAME_CODE_POINTS // MAX_NAME - 1)
    draft = ConfigurationInput.of(name=character * MAX_NAME, tickers=[each.symbol for each in longest])
    return _real(*longest, name=draft.name, timeframe_days=MAX_TIMEFRAME_DAYS, include_extended_hours=True)


@cache
def _listed() -> tuple[Ticker, ...]:
    """What the bundled list has that is traded."""
    index = bundled().index
    return tuple(listing.ticker for symbol in index.traded if (listing := index.find(symbol)))


def a_quota() -> RawItem:
    numbers = {"config_count": 2, "version": 2, "expires_at": int(NOW.timestamp())}
    keys = {"PK": {"S": partition(USER)}, "SK": {"S": QUOTA}}
    return keys | {name: {"N": str(number)} for name, number in numbers.items()}


def _five(name: str) -> tuple[Ticker, ...]:
    return tuple(Ticker(f"SYM{n}", name, "NASDAQ") for n in range(MAX_TICKERS))


def _real(*tickers: Ticker, **fields: Any) -> Configuration:
    """With ids, times and a fingerprint as long as those that the service makes."""
    at = NOW.replace(microsecond=123_456)
    fingerprint = hashlib.sha256().hexdigest()
    fields |= {"request_fingerprint": fingerprint, "expires_at": NOW + timedelta(days=37)}
    return a_configuration(USER, *tickers, at=at, **fields)


def _units(of_bytes: int) -> tuple[int, int, int]:
    """Write units of a create, an update and a delete: two for each KiB of each item that a transaction touches."""
    item = 2 * ceil(of_bytes / WRITE_UNIT)
    return item + 2, item, item + 2


def size(configuration: Configuration) -> int:
    """Bytes of its item."""
    return _size_of(encoded(configuration))


def _size_of(item: RawItem) -> int:
    return sum(len(name.encode()) + _bytes(value) for name, value in item.items())


def _bytes(value: Mapping[str, Any]) -> int:
    ((kind, held),) = value.items()
    match kind:
        case "S":
            return len(held.encode())
        case "N":
            return ceil(len(held.strip("-0").replace(".", "")) / 2) + 1
        case "BOOL":
            return 1
        case "L":
            return 3 + sum(1 + _bytes(each) for each in held)
        case "M":
            return 3 + sum(1 + len(name.encode()) + _bytes(each) for name, each in held.items())
    raise AssertionError(kind)
