"""gunicorn on a free loopback port, and the CPU time and memory of its workers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from verification.environment.ministack import free_port

CONFIGURATION = Path(__file__).parents[2] / "gunicorn.conf.py"
WORKERS = 2
START_TIMEOUT = 60.0
"""Seconds; two are usual."""
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A running gunicorn."""

    url: str
    process: subprocess.Popen[bytes]

    def cpu_seconds(self) -> float:
        """CPU time of its workers so far."""
        return sum(sum(map(int, _stat(pid)[11:13])) / _TICK for pid in self.workers())

    def resident(self) -> int:
        """Resident memory of its workers, in bytes."""
        return sum(int(_stat(pid)[21]) for pid in self.workers()) * os.sysconf("SC_PAGE_SIZE")

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        pid = self.process.pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]


@contextmanager
def serving(
    target: str,
    *,
    log: Path,
    settings: Mapping[str, str] | None = None,
    place: Path | None = None,
    configuration: Path = CONFIGURATION,
    options: Sequence[str] = (),
) -> Iterator[Server]:
    """A server of `target` in the directory `place`, with only these settings; `options` are gunicorn's."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--log-level", "info"]
    command += ["--config", str(configuration), "--workers", str(WORKERS), *options, target]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONFIG_API_")}
    with (
        log.open("wb") as output,
        subprocess.Popen(
            command, cwd=place, env=inherited | dict(settings or {}), stdout=output, stderr=output
        ) as process,
    ):
        try:
            _wait_for(url, process, log)
            yield Server(url, process)
        finally:
            process.terminate()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < end:
        try:
            requests.get(f"{url}/api/v2/health", timeout=5)
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')[-2000:]}")


def _stat(pid: int) -> list[str]:
    """The fields of proc(5) from the third on; the second may contain spaces."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
