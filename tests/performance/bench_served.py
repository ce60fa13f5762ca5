"""The served application on SQLite against bare Flask under the same gunicorn, which returns as many bytes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import requests
from flask import Flask, Response
from rich.console import Console
from rich.table import Table

from tests.support.ministack import free_port

ROUNDS = 3
SECONDS = 3
SHELF = "/api/v2/configurations"
TARGET = 0.6

_body = os.environ.get("BENCH_BODY", "{}")
bare = Flask(__name__)
"""The floor: it answers what ours answers, and does nothing for it."""


@bare.get(SHELF)
def shelf() -> Response:
    """The same bytes."""
    return Response(_body, content_type="application/json")


def main() -> None:
    """Print requests a second and latencies, interleaved rounds, medians."""
    if shutil.which("wrk") is None:
        Console().print("The served application is not measured without wrk: sudo apt-get install wrk")
        return
    with tempfile.TemporaryDirectory() as directory, served("entrypoints.wsgi:app", directory) as ours:
        session = requests.post(f"{ours}/api/v2/auth/anonymous", timeout=10).json()
        token = {"Authorization": f"Bearer {session['token']}"}
        for name in ("Tech", "Steady"):
            body = {"name": name, "tickers": ["AAPL", "MSFT"]}
            requests.post(f"{ours}{SHELF}", json=body, headers=token, timeout=10).raise_for_status()
        answer = requests.get(f"{ours}{SHELF}", headers=token, timeout=10).text
        with served("tests.performance.bench_served:bare", directory, BENCH_BODY=answer) as floor:
            table = Table(
                "conn.",
                "ours /s",
                "p50",
                "p99",
                "bare /s",
                "p50",
                "p99",
                "ratio",
                title=f"List: ours on SQLite, bare Flask; to reach {TARGET:.0%}",
            )
            for connections in (1, 8, 64):
                rounds = [(load(ours, connections, token), load(floor, connections, token)) for _ in range(ROUNDS)]
                mine, its = (sorted(side)[ROUNDS // 2] for side in zip(*rounds, strict=True))
                ratio = median(one[0] / other[0] for one, other in rounds)
                table.add_row(
                    str(connections),
                    f"{mine[0]:.0f}",
                    mine[1],
                    mine[2],
                    f"{its[0]:.0f}",
                    its[1],
                    its[2],
                    f"{ratio:.0%}",
                )
    Console().print(table)


@contextmanager
def served(app: str, directory: str, **environment: str) -> Iterator[str]:
    """The URL of a WSGI application under the gunicorn of `make run`."""
    port = free_port()
    options = ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "8"]
    settings = {
        "CONFIG_API_SQLITE_PATH": str(Path(directory) / "bench.sqlite3"),
        "CONFIG_API_RATE_USER": "1000000/second;1000000/minute",  # counted, and never reached
    }
    log = Path(directory) / f"{port}.log"
    with (
        log.open("w") as written,
        subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *options, app], env=os.environ | settings | environment, stderr=written
        ) as server,
    ):
        while "Listening at" not in log.read_text():
            if server.poll() is not None:
                raise RuntimeError(log.read_text())
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def load(url: str, connections: int, headers: dict[str, str]) -> tuple[float, str, str]:
    """Requests a second, p50 and p99, as wrk finds them."""
    header = [f"{name}: {value}" for name, value in headers.items()]
    printed = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{SECONDS}s", "--latency", "-H", *header, f"{url}{SHELF}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    if "Non-2xx" in printed:
        raise RuntimeError(printed)
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", printed)[1])  # type: ignore[index]  # wrk always prints it
    p50, p99 = (re.search(rf"{percent}%\s+(\S+)", printed)[1] for percent in (50, 99))  # type: ignore[index]  # as above
    return rate, p50, p99


if __name__ == "__main__":
    main()
