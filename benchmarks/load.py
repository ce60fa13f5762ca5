"""A load of requests for a second or two: by wrk where it is installed, else by threads of this process."""

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
CLIENT = "wrk" if WRK else "threads of the benchmark itself (wrk, where it is installed, takes less of the processors)"

SCRIPT = """
local tokens, body, made = {%(tokens)s}, '%(body)s', 0
request = function()
  made = made + 1
  local headers = {["Authorization"] = "Bearer " .. tokens[(made - 1) %% #tokens + 1]}
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
class Shots:
    """Each request is one of these, with the next of the tokens."""

    method: str
    url: str
    tokens: Sequence[str]
    body: str = ""


@dataclass(frozen=True, slots=True)
class Hits:
    """What a load showed. Times in milliseconds."""

    requests: int
    seconds: float
    refused: int
    p50: float
    p99: float


def fire(shots: Shots, *, connections: int, seconds: float) -> Hits:
    """Keep so many connections busy for so long."""
    return _with_wrk(WRK, shots, connections, seconds) if WRK else _with_threads(shots, connections, seconds)


def _with_wrk(wrk: str, shots: Shots, connections: int, seconds: float) -> Hits:
    quoted = ",".join(f'"{token}"' for token in shots.tokens)
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory) / "load.lua"
        script.write_text(SCRIPT % {"tokens": quoted, "body": shots.body, "method": shots.method})
        command = [wrk, "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--latency", "-s", str(script), shots.url]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"FOUND (\d+) (\d+) (\d+) (\S+) (\S+)", said)
    if found is None:
        raise RuntimeError(said)
    requests, microseconds, refused, p50, p99 = map(float, found.groups())
    return Hits(int(requests), microseconds / 1e6, int(refused), p50 / 1000, p99 / 1000)


def _with_threads(shots: Shots, connections: int, seconds: float) -> Hits:
    place = urlsplit(shots.url)
    tokens, turn = cycle(shots.tokens), Lock()
    times: list[float] = []
    refused = 0
    end = time.perf_counter() + seconds

    def client() -> None:
        nonlocal refused
        connection = HTTPConnection(place.netloc, timeout=30)
        for token in _in_turn(tokens, turn):
            began = time.perf_counter()
            if began >= end:
                return
            headers = {"Authorization": f"Bearer {token}"} | (
                {"Content-Type": "application/json"} if shots.body else {}
            )
            connection.request(shots.method, place.path, shots.body or None, headers)
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - began)
            refused += answer.status >= 400

    clients = [Thread(target=client) for _ in range(connections)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()
    percentiles = statistics.quantiles(times, n=100)
    return Hits(len(times), seconds, refused, percentiles[49] * 1000, percentiles[98] * 1000)


def _in_turn(tokens: Iterator[str], turn: Lock) -> Iterator[str]:
    while True:
        with turn:
            token = next(tokens)
        yield token
