"""The tables of docs/scale.md, computed from the assumptions and prices below: `python -m benchmarks.scale`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from math import ceil
from pathlib import Path

PAGE = Path("docs/scale.md")
USERS = (10_000, 100_000, 1_000_000)
MONTH = 365 * 86_400 / 12
"""Seconds."""
MILLION = 1_000_000

REQUESTS = {
    "page": 8.0,
    "files": 16.0,
    "ready": 16.0,
    "session": 1.0,
    "list": 16.0,
    "search": 12.0,
    "get": 2.0,
    "create": 1.0,
    "update": 2.0,
    "delete": 0.5,
}
"""Assumed requests of one user per month."""
PEAK_FACTOR = 10
"""Assumed: the busiest minute, divided by the mean."""
DURATION = 0.020
"""Assumed seconds of one request in the function."""
WARM_PER_BUSY = 5
"""Assumed processes that Lambda keeps for each busy one."""
RESTORES_PER_DAY = 12
"""Assumed: Lambda replaces a process after some hours."""
RESPONSE_KB, LOG_KB = 1.5, 1.5
ITEM_BYTES = 1_500
"""Stored bytes of one user, DynamoDB's overhead of 100 bytes per item included."""

# Prices of us-east-1 in dollars, November 2026.
WRITE_UNITS, READ_UNITS, HTTP_API, INVOCATIONS, TRACES, S3_GETS = 0.625, 0.125, 1.00, 0.20, 5.00, 0.40  # per million
GB_SECOND = 13.33 / MILLION
STORAGE_GB, LOGS_GB, DATA_OUT_GB, METRIC = 0.25 + 0.20, 0.50, 0.09, 0.30
SNAPSHOT_GB_SECOND, RESTORE_GB = 1.5046 / MILLION, 0.0001398
METRICS = 40


def main() -> None:
    """Replace the tables of the page."""
    PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


def rendered(page: str) -> str:
    """The page with current tables between its markers."""
    for name, rows in (("load", _load()), ("costs", _costs()), ("quotas", _quotas())):
        table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
        page, replaced = re.subn(
            rf"(<!-- table: {name} -->\n).*?(<!-- end -->)", rf"\g<1>{table}\n\g<2>", page, flags=re.DOTALL
        )
        if not replaced:
            raise ValueError(f"{PAGE} has no table {name}")
    return page


def _load() -> Iterator[tuple[str, ...]]:
    yield (
        "users",
        "million requests per month",
        "requests/s",
        "at the peak",
        "write units/s",
        "read units/s",
        "busy processes",
    )
    yield "---", *["---:"] * 6
    requests, writes, reads = per_user()
    for users in USERS:
        peak = users * PEAK_FACTOR / MONTH
        yield (
            f"{users:,}",
            f"{users * requests / MILLION:,.2f}",
            f"{users * requests / MONTH:,.1f}",
            *(f"{peak * each:,.1f}" for each in (requests, writes, reads, requests * DURATION)),
        )


def _costs() -> Iterator[tuple[str, ...]]:
    yield "$ per month", *(f"{users:,} users" for users in USERS)
    yield "---", *["---:"] * len(USERS)
    bills = [costs(users) for users in USERS]
    for line in bills[0]:
        yield line, *(f"{bill[line]:,.2f}" for bill in bills)
    yield "**total**", *(f"**{sum(bill.values()):,.2f}**" for bill in bills)


def _quotas() -> Iterator[tuple[str, ...]]:
    yield "quota", "million users"
    yield "---", "---:"
    reserved = _production()["lambda_concurrency"]
    requests, writes, reads = (each * PEAK_FACTOR / MONTH for each in per_user())
    for what, limit, each in (
        ("100 requests/s: the 10 processes of a new account", 100, requests),
        (f"{reserved * 10:,} requests/s: `lambda_concurrency` of `production`", reserved * 10, requests),
        ("10,000 requests/s: the 1,000 processes of an account; the gateway", 10_000, requests),
        ("4,000 write units/s: a new table", 4_000, writes),
        ("12,000 read units/s: a new table", 12_000, reads),
        ("40,000 write units/s: any table", 40_000, writes),
    ):
        yield what, f"{limit / each / MILLION:,.1f}"


def per_user() -> tuple[float, float, float]:
    """Requests, write units and read units of one user per month."""
    page = Path("docs/deployment.md").read_text(encoding="utf-8")
    # /health/ready makes an eventually consistent read.
    units = {"ready": (0.0, 0.5)}
    for request, writes, reads in re.findall(r"^\| (\w+) \| \d+ \| (\d+) \| (\d+) \|$", page, re.MULTILINE):
        units[request] = float(writes), float(reads)
    per_kind = [(times, *units.get(request, (0.0, 0.0))) for request, times in REQUESTS.items()]
    return (
        sum(times for times, _, _ in per_kind),
        sum(times * writes for times, writes, _ in per_kind),
        sum(times * reads for times, _, reads in per_kind),
    )


def costs(users: int) -> Mapping[str, float]:
    """Dollars per month. Free tiers are left out, and all prices are those of the first tier."""
    requests, writes, reads = (each * users for each in per_user())
    production = _production()
    gigabytes = production["memory_size"] / 1024
    processes = ceil(requests / MONTH * PEAK_FACTOR * DURATION) * WARM_PER_BUSY
    snapshots = production["num_retained_versions"] * gigabytes * MONTH * SNAPSHOT_GB_SECOND
    restores = processes * RESTORES_PER_DAY * MONTH / 86_400 * gigabytes * RESTORE_GB
    # X-Ray samples one request per second, and 5 % of the others.
    traces = min(requests, MONTH + 0.05 * max(0.0, requests - MONTH))
    return {
        "DynamoDB, writes": writes * WRITE_UNITS / MILLION,
        "DynamoDB, reads": reads * READ_UNITS / MILLION,
        "DynamoDB, storage and recovery": users * ITEM_BYTES / 1e9 * STORAGE_GB,
        "HTTP API": requests * HTTP_API / MILLION,
        "Lambda": requests * (INVOCATIONS / MILLION + DURATION * gigabytes * GB_SECOND),
        "SnapStart": snapshots + restores,
        "logs": requests * LOG_KB / 1e6 * LOGS_GB,
        "metrics": METRICS * METRIC,
        "X-Ray": traces * TRACES / MILLION,
        "data to the internet": requests * RESPONSE_KB / 1e6 * DATA_OUT_GB,
        # Each process asks for the ticker list every five minutes.
        "S3": processes * MONTH / 300 * S3_GETS / MILLION,
    }


def _production() -> Mapping[str, int]:
    stages = json.loads(Path("zappa_settings.json").read_text(encoding="utf-8"))
    merged: Mapping[str, int] = stages["base"] | stages["production"]
    return merged


if __name__ == "__main__":
    main()
