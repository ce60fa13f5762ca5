"""The service in processes of its own, with small limits and without rate limits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event

import requests

from verification.environment.ministack import free_port

LIMIT = 3
"""Configurations of one anonymous user."""


class Service:
    """The service in separate processes, which can be killed and started again."""

    def __init__(self, settings: Mapping[str, str], log: Path) -> None:
        self._settings = settings
        self._log = log
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._ready = Event()

    def start(self) -> None:
        """Start the processes and wait until they respond."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONFIG_API_")}
        command = [sys.executable, "-m", "gunicorn", "--config", "gunicorn.conf.py", "--workers", "2"]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--bind", f"127.0.0.1:{self._port}", "--log-level", "warning", "entrypoints.wsgi:app"],
                cwd=Path(__file__).parents[2],
                env=inherited | dict(self._settings),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while not self._answers():
            if self._process.poll() is not None:
                raise RuntimeError(self._last_log_lines())
            time.sleep(0.05)  # between two attempts to reach a process that is starting
        self._ready.set()

    def kill(self) -> None:
        """End all processes at once with SIGKILL."""
        self._ready.clear()
        with suppress(ProcessLookupError):  # it may have ended by itself
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def wait_until_ready(self, seconds: float) -> None:
        """Wait for a service that is being started. Raises RuntimeError if it has ended by itself."""
        process = self._process
        if process.poll() is not None and self._ready.is_set() and process is self._process:
            raise RuntimeError(f"The service has ended with {process.returncode}:\n{self._last_log_lines()}")
        self._ready.wait(seconds)

    def _last_log_lines(self) -> str:
        return self._log.read_text(encoding="utf-8")[-2000:]

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/api/v2/health", timeout=5).ok
        except requests.RequestException:
            return False


@contextmanager
def serving(settings: Mapping[str, str], log: Path) -> Iterator[Service]:
    """A service with these settings and without rate limits."""
    common = {"CONFIG_API_RATE_USER": "", "CONFIG_API_RATE_ADDRESS": "", "CONFIG_API_LIMIT_ANONYMOUS": str(LIMIT)}
    service = Service(common | dict(settings), log)
    service.start()
    try:
        yield service
    finally:
        service.kill()


def dynamodb_settings(endpoint: str, table: str) -> dict[str, str]:
    """The settings of a service on this table."""
    return {
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "CONFIG_API_STORE": "dynamodb",
        "CONFIG_API_TABLE": table,
        "CONFIG_API_SECRET_KEYS": "a secret of the tests that is long enough",
    }
