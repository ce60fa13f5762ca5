"""A stage that `zappa` deploys to an AWS on loopback, which enforces the policy of its role."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import boto3
import requests

from tools.package import Target

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")

HANG = 120.0
"""Seconds after which a test assumes that what it waits for does not come."""
PACKAGED = ("adapters", "domain", "entrypoints", "tools", "requirements.txt", "zappa_settings.json")


@dataclass(frozen=True)
class Stage:
    """One stage, deployed from a copy of the project at `project` to the AWS at `endpoint`."""

    name: str
    endpoint: str
    project: Path

    @property
    def function(self) -> str:
        return f"config-api-{self.name}"

    @property
    def url(self) -> str:
        """Where the gateway serves it."""
        api = next(api for api in self.client("apigatewayv2").get_apis()["Items"] if api["Name"] == self.function)
        return f"{self.endpoint}/_aws/execute-api/{api['ApiId']}/{self.name}"

    def client(self, service: Any) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint, region_name="us-east-1")

    @property
    def secret(self) -> str:
        """Its secret key."""
        return f"a secret key of at least thirty-two characters of {self.name}"

    def run_zappa(self, command: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """`zappa <command>` as it ended."""
        scripts = Path(sys.executable).parent
        venv = {"VIRTUAL_ENV": str(scripts.parent), "PATH": f"{scripts}:{os.environ['PATH']}"}
        return subprocess.run(
            [scripts / "zappa", command, self.name, *options],
            cwd=self.project,
            env=os.environ | venv | {"AWS_ENDPOINT_URL": self.endpoint} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def zappa(self, command: str, *options: str, **environment: str) -> str:
        """The output of `zappa <command>`, which must succeed."""
        ended = self.run_zappa(command, *options, **environment)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def deploy(self) -> str:
        """`zappa deploy` with the secret in the environment."""
        return self.zappa("deploy", CONFIG_API_SECRET_KEYS=self.secret, CONFIG_API_TICKER_BUCKET="config-api-tickers")

    def invoke(self, event: Any) -> tuple[Any, str | None]:
        """The response of the function to an event, and the kind of error if it failed."""
        answer = self.client("lambda").invoke(FunctionName=self.function, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read()), answer.get("FunctionError")

    def log(self) -> list[dict[str, Any]]:
        """The log lines of the function, oldest first."""
        logs = self.client("logs")
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{self.function}")
        try:
            lines = [event["message"] for page in pages for event in page["events"]]
        except logs.exceptions.ResourceNotFoundException:  # the group comes with the first line
            return []
        return [json.loads(line) for line in lines if line.startswith("{")]

    def wait_for_log(self, matches: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first log line that matches: lines arrive some time after the response."""
        lines = self._poll(lambda: list(filter(matches, self.log())), until=bool)
        return lines[0]

    def wait_for_answer(self, path: str, *, until: Callable[[Any], bool]) -> Any:
        """The body of a GET as soon as it satisfies `until`: a process may still load its ticker list."""
        return self._poll(lambda: self.ask("GET", path).json(), until=until)

    @staticmethod
    def _poll(ask: Callable[[], T], *, until: Callable[[T], bool]) -> T:
        end = time.monotonic() + HANG
        while not until(found := ask()):
            assert time.monotonic() < end, found
            time.sleep(0.2)
        return found

    def ask(self, method: str, path: str, **request: Any) -> requests.Response:
        """Send one request through the gateway."""
        return requests.request(method, self.url + path, timeout=30, **request)


def host() -> Target:
    """The runtime and architecture of this machine."""
    architecture = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    return Target(f"python{sys.version_info.major}.{sys.version_info.minor}", architecture)


def a_project(directory: Path) -> Path:
    """Copy the project, with the runtime and architecture of this machine."""
    for name in PACKAGED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, directory / name)
    path = directory / "zappa_settings.json"
    settings = json.loads(path.read_text())
    settings["production"]["runtime"] = host().runtime
    # `touch` would send a request to the real AWS.
    settings["base"] |= {"architecture": host().architecture, "touch": False}
    if sys.version_info < (3, 12):
        # SnapStart needs Python 3.12.
        settings["production"].pop("snap_start")
    path.write_text(json.dumps(settings))
    # The cached dependencies of an earlier run are named by a hash of their inputs.
    (ROOT / ".cache" / "lambda").mkdir(parents=True, exist_ok=True)
    (directory / ".cache").symlink_to(ROOT / ".cache")
    return directory
