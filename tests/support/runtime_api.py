"""The Lambda runtime API on loopback, for a function under AWS's own runtime client (`awslambdaric`).

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any
from uuid import uuid4

HANG = 25.0
"""Seconds after which an invocation has failed: less than the largest CONFIG_API_DEADLINE."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the runtime client reports: a `response` or an `error`, and its payload."""

    kind: str
    payload: Any


@dataclass(frozen=True, slots=True)
class Function:
    """A function that waits for invocations."""

    invocations: Queue[tuple[bytes, int]] = field(default_factory=Queue)
    outcomes: Queue[Outcome] = field(default_factory=Queue)

    def invoke(self, event: Any, *, remaining: float = 60.0) -> Outcome:
        """The outcome of one invocation, which has `remaining` seconds until its timeout."""
        payload = event if isinstance(event, bytes) else json.dumps(event).encode()
        self.invocations.put((payload, int((time.time() + remaining) * 1000)))
        return self.outcomes.get(timeout=HANG)


@contextmanager
def running(directory: Path, handler: str, *, log: Path, environment: dict[str, str]) -> Iterator[Function]:
    """The function in `directory`, started as Lambda starts it; its log goes to the file."""
    function = Function()

    class RuntimeApi(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            event, deadline = function.invocations.get()
            self.send_response(200)
            self.send_header("Lambda-Runtime-Aws-Request-Id", str(uuid4()))
            self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline))
            self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:f")
            self.send_header("Lambda-Runtime-Trace-Id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(event)))
            self.end_headers()
            self.wfile.write(event)

        def do_POST(self) -> None:
            payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            function.outcomes.put(Outcome(self.path.rpartition("/")[2], payload))
            self.send_response(202)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONFIG_API_")}
    with ThreadingHTTPServer(("127.0.0.1", 0), RuntimeApi) as server, log.open("wb") as output:
        Thread(target=server.serve_forever, daemon=True).start()
        lambda_ = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{server.server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": "config-api-dev",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "LAMBDA_TASK_ROOT": str(directory),
            "PYTHONPATH": str(directory),
        }
        with subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", handler],
            cwd=directory,
            env=inherited | lambda_ | environment,
            stdout=output,
            stderr=output,
        ) as process:
            try:
                yield function
            finally:
                process.terminate()
                server.shutdown()
