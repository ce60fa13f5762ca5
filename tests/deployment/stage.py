"""A stage that `zappa` really deployed, to an AWS on loopback that checks what its role may do."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import requests

from tools.package import Target

ROOT = Path(__file__).resolve().parents[2]
SECRET = "a secret key of at least thirty-two characters"
PATIENCE = 60
"""Seconds, where a busy machine may need them."""
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

    def zappa(self, command: str, *options: str, **environment: str) -> str:
        """What `zappa <command>` prints; an error if it fails."""
        scripts = Path(sys.executable).parent
        done = subprocess.run(
            [scripts / "zappa", command, self.name, *options],
            cwd=self.project,
            env=os.environ
            | {
                "AWS_ENDPOINT_URL": self.endpoint,
                "VIRTUAL_ENV": str(scripts.parent),
                "PATH": f"{scripts}:{os.environ['PATH']}",
            }
            | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def deploy(self) -> None:
        """`zappa deploy`, with the secrets in the environment."""
        self.zappa("deploy", CONFIG_API_SECRET_KEYS=SECRET, CONFIG_API_TICKER_BUCKET="config-api-tickers")

    def invoke(self, event: Any) -> tuple[Any, str | None]:
        """What the function makes of an event, and the kind of error if it failed."""
        answer = self.client("lambda").invoke(FunctionName=self.function, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read()), answer.get("FunctionError")

    def log(self) -> list[dict[str, Any]]:
        """The lines that the function has logged, oldest first."""
        logs = self.client("logs")
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{self.function}")
        try:
            lines = [event["message"] for page in pages for event in page["events"]]
        except logs.exceptions.ResourceNotFoundException:  # the group comes with the first line
            return []
        return [json.loads(line) for line in lines if line.startswith("{")]

    def logged(self, message: str) -> list[dict[str, Any]]:
        return [line for line in self.log() if line["message"] == message]

    def answer(self, path: str, *, until: Callable[[Any], bool], **request: Any) -> Any:
        """What a GET answers in the end: a copy that started on a busy machine looks for its list again."""
        for _ in range(PATIENCE):
            body = self.ask("GET", path, **request).json()
            if until(body):
                break
            time.sleep(1)
        return body

    def ask(self, method: str, path: str, **request: Any) -> requests.Response:
        """One request through the gateway."""
        return requests.request(method, self.url + path, timeout=30, **request)


def host() -> Target:
    """The Python and the machine that the tests run on."""
    architecture = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    return Target(f"python{sys.version_info.major}.{sys.version_info.minor}", architecture)


def a_project(directory: Path, changes: Mapping[str, Any] | None = None) -> Path:
    """A copy of the project, to be packaged for the Python and the machine that the tests run on."""
    for name in PACKAGED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, directory / name)
    path = directory / "zappa_settings.json"
    settings = json.loads(path.read_text())
    settings["production"]["runtime"] = host().runtime
    settings["base"] |= {
        "architecture": host().architecture,
        "touch": False,  # it would ask the real AWS whether the function is up
    }
    if sys.version_info < (3, 12):
        settings["production"].pop("snap_start")  # no such runtime has it
    settings["dev"] |= changes or {}
    path.write_text(json.dumps(settings))
    # What an earlier run installed is good for this one; it is named by what it was made of.
    (ROOT / ".cache" / "lambda").mkdir(parents=True, exist_ok=True)
    (directory / ".cache").symlink_to(ROOT / ".cache")
    return directory
