"""The CPU time of a cold start, including the first request: `python -m benchmarks start`.

The handler starts from the unpacked zip in new processes, in turn with the same zip without bytecode, with an import of
its libraries only, and with the peers.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from adapters.identity.anonymous import AnonymousTokens
from benchmarks.peers import BASE
from benchmarks.report import Section, Target, rounds
from tests.deployment.stage import ROOT, host
from tests.support.lambda_events import a_request
from tools.package import write_package
from verification.environment.ministack import a_table, ministack

ROUNDS = rounds(9)
KEY = "a secret key of at least thirty-two characters"
SETTINGS = b"""
BASE_PATH = None
APP_MODULE, APP_FUNCTION, API_STAGE, PROJECT_NAME = "entrypoints.wsgi", "app", "dev", "config-api"
DEBUG, LOG_LEVEL, BINARY_SUPPORT, EXCEPTION_HANDLER, DJANGO_SETTINGS = False, "INFO", True, None, None
ENVIRONMENT_VARIABLES, CONTEXT_HEADER_MAPPINGS, ADDITIONAL_TEXT_MIMETYPES = {}, {}, []
"""
SERVICE, SOURCES, LIBRARIES = "the handler, from the zip", "the same without bytecode", "an import of its libraries"
FASTAPI = "FastAPI and Mangum"
PEERS = {
    "bare Flask and boto3": "bare_flask",
    FASTAPI: "fastapi_mangum",
    "Chalice's style": "chalice_style",
}

_HANDLER = """
import json, os
from types import SimpleNamespace
from entrypoints.aws_lambda import handle
context = SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 30_000)
def first():
    response = handle(json.loads(os.environ["EVENT"]), context)
    assert response["statusCode"] == 200, response
"""
_LIBRARIES = """
import flask, marshmallow, flask_smorest, pynamodb.models, zappa.handler
def first(): pass
"""
_PEER = """
import boto3, os
from benchmarks import peers
handle = peers.{make}(boto3.client("dynamodb"), os.environ["CONFIG_API_TABLE"])
def first():
    assert handle("GET", peers.BASE, "ann", None)[0] == 200
"""
_TIMED = """
import sys, time
sys.path[:0] = {paths!r}
started_at = time.process_time()
{statements}
started = time.process_time()
first()
sys.__stdout__.write(f"\\n{{started - started_at}} {{time.process_time() - started}}")
"""


@dataclass(frozen=True, slots=True)
class Case:
    """Statements that define `first`, and the directories of their modules."""

    statements: str
    paths: Sequence[Path]


def measure() -> list[Section]:
    """CPU milliseconds from an empty interpreter to the first response."""
    with tempfile.TemporaryDirectory() as name, ministack() as endpoint:
        directory = Path(name)
        compiled, size = unpacked(directory / "compiled", compiled=True)
        sources, _ = unpacked(directory / "sources", compiled=False)
        cases = dict(_cases(compiled, sources))
        environment = _environment(endpoint)
        times: Mapping[str, list[tuple[float, float]]] = {case: [] for case in cases}
        for _ in range(ROUNDS):
            for case, each in cases.items():
                times[case].append(_milliseconds(each, environment))
    starts = {case: min(start for start, _ in measured) for case, measured in times.items()}
    totals = {case: min(start + first for start, first in measured) for case, measured in times.items()}
    rows = [
        (
            case,
            f"{starts[case]:.0f}",
            "" if case == LIBRARIES else f"{statistics.median(first for _, first in times[case]):.0f}",
            "" if case == LIBRARIES else f"{totals[case]:.0f}",
            f"{starts[SERVICE] / starts[case]:.2f}",
            "" if case == LIBRARIES else f"{totals[SERVICE] / totals[case]:.2f}",
        )
        for case in cases
    ]
    verdicts = [
        Target("start, times that without bytecode", 0.45).verdict(starts[SERVICE] / starts[SOURCES]),
        Target("size of the zip in MiB", 12).verdict(size),
    ]
    if FASTAPI in totals:
        verdicts.append(
            Target("start with first request, times FastAPI and Mangum", 0.9).verdict(totals[SERVICE] / totals[FASTAPI])
        )
    return [
        Section(
            "A cold start",
            f"From an empty interpreter to an application that can serve, then the first request, a list from "
            f"ministack. CPU milliseconds; the minimum of {ROUNDS} new processes, and the median of the first request. "
            "The peers (`benchmarks/peers.py`) are minimal: no ticker index, tokens, settings, logs or OpenAPI. "
            "They have bytecode.",
            ("start of", "start", "first request", "both", "the service, times that start", "the service, times both"),
            rows,
            findings="\n".join(f"* {verdict}" for verdict in verdicts),
        )
    ]


def unpacked(directory: Path, *, compiled: bool) -> tuple[Path, float]:
    """The directory of the unpacked zip, and the size of the zip in MiB."""
    directory.mkdir()
    archive = directory.with_suffix(".zip")
    write_package(archive, host(), source=ROOT, settings=SETTINGS, compiled=compiled)
    with zipfile.ZipFile(archive) as archived:
        archived.extractall(directory)
    return directory, archive.stat().st_size / 2**20


def _cases(compiled: Path, sources: Path) -> Iterator[tuple[str, Case]]:
    yield SERVICE, Case(_HANDLER, [compiled])
    yield SOURCES, Case(_HANDLER, [sources])
    yield LIBRARIES, Case(_LIBRARIES, [compiled])
    site = Path(sysconfig.get_paths()["purelib"])
    for name, make in PEERS.items():
        if make != "fastapi_mangum" or (site / "fastapi").is_dir():
            yield name, Case(_PEER.format(make=make), [ROOT, site])


def _environment(endpoint: str) -> Mapping[str, str]:
    _, token, _ = AnonymousTokens([KEY], clock=lambda: datetime.now(UTC)).issue()
    return os.environ | {
        "CONFIG_API_STORE": "dynamodb",
        "CONFIG_API_TABLE": a_table(endpoint),
        "CONFIG_API_SECRET_KEYS": KEY,
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "AWS_LAMBDA_FUNCTION_NAME": "config-api-dev",
        "EVENT": json.dumps(a_request("GET", BASE, authorization=f"Bearer {token}")),
    }


def _milliseconds(case: Case, environment: Mapping[str, str]) -> tuple[float, float]:
    """The time of a new process to start, and for its first request."""
    script = _TIMED.format(paths=list(map(str, case.paths)), statements=case.statements)
    # -B: as in Lambda, where /var/task is read-only, no bytecode is written.
    command = [sys.executable, "-I", "-S", "-B", "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    start, first = done.stdout.splitlines()[-1].split()
    return float(start) * 1000, float(first) * 1000
