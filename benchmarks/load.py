"""HTTP load for a second or two: by wrk where it is installed, otherwise by threads of this process."""

from __future__ import annotations

import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path
from threading import Lock, Thread
from urllib.parse import urlsplit

WRK = shutil.which("wrk")
CLIENT = "wrk" if WRK else "threads of the benchmark itself (wrk, where it is installed, uses less CPU)"

SCRIPT = """
local tokens, body, count = {%(tokens)s}, '%(body)s', 0
request = function()
  count = count + 1
  local headers = {["Authorization"] = "Bearer " .. tokens[(count - 1) %% #tokens + 1]}
  if body ~= "" then headers["Content-Type"] = "application/json" end
  return wrk.format('%(method)s', nil, headers, body)
end
done = function(summary, latency, requests)
  io.write(string.format("FOUND %%d %%d %%d %%f %%f\\n", summary.requests, summary.duration,
    summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
"""


@dataclass(frozen=True, slots=True)
class LoadRequest:
    """The request to repeat. The tokens are used in turn."""

    method: str
    url: str
    tokens: Sequence[str]
    body: str = ""


@dataclass(frozen=True, slots=True)
class LoadResult:
    """The outcome of a load. Times in milliseconds."""

    requests: int
    seconds: float
    errors: int
    p50: float
    p99: float


def run_load(load: LoadRequest, *, connections: int, seconds: float) -> LoadResult:
    """Keep `connections` busy for `seconds`."""
    return _with_wrk(WRK, load, connections, seconds) if WRK else _with_threads(load, connections, seconds)


def _with_wrk(wrk: str, load: LoadRequest, connections: int, seconds: float) -> LoadResult:
    quoted = ",".join(f'"{token}"' for token in load.tokens)
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "load.lua"
        script.write_text(SCRIPT % {"tokens": quoted, "body": load.body, "method": load.method})
        command = [wrk, "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--latency", "-s", str(script), load.url]
        printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"FOUND (\d+) (\d+) (\d+) (\S+) (\S+)", printed)
    if found is None:
        raise RuntimeError(printed)
    requests, microseconds, errors, p50, p99 = map(float, found.groups())
    return LoadResult(int(requests), microseconds / 1e6, int(errors), p50 / 1000, p99 / 1000)


def _with_threads(load: LoadRequest, connections: int, seconds: float) -> LoadResult:
    place = urlsplit(load.url)
    tokens, lock = cycle(load.tokens), Lock()
    times: list[float] = []
    errors = 0
    end = time.perf_counter() + seconds

    def client() -> None:
        nonlocal errors
        connection = HTTPConnection(place.netloc, timeout=30)
        for token in _next_tokens(tokens, lock):
            started = time.perf_counter()
            if started >= end:
                return
            headers = {"Authorization": f"Bearer {token}"} | ({"Content-Type": "application/json"} if load.body else {})
            connection.request(load.method, place.path, load.body or None, headers)
            response = connection.getresponse()
            response.read()
            times.append(time.perf_counter() - started)
            errors += response.status >= 400

    clients = [Thread(target=client) for _ in range(connections)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    percentiles = statistics.quantiles(times, n=100)
    return LoadResult(len(times), seconds, errors, percentiles[49] * 1000, percentiles[98] * 1000)


def _next_tokens(tokens: Iterator[str], lock: Lock) -> Iterator[str]:
    while True:
        with lock:
            token = next(tokens)
        yield token
