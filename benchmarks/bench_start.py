"""What a cold start costs, to the end of the first request: `python -m benchmarks start`.

The zip is packaged and unpacked, and its handler started in fresh processes, in turn with the same without
compiled bytecode, with an import of the libraries that it stands on and nothing else, and with the peers.
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
from benchmarks.report import Section, Target
from tests.deployment.stage import ROOT, host
from tests.support.lambda_events import a_request
from tests.support.ministack import a_table, ministack
from tools.package import write

ROUNDS = 9
KEY = "a secret key of at least thirty-two characters"
SETTINGS = b"""
APP_MODULE, APP_FUNCTION, API_STAGE, PROJECT_NAME = "entrypoints.wsgi", "app", "dev", "config-api"
DEBUG, LOG_LEVEL, BINARY_SUPPORT, EXCEPTION_HANDLER, DJANGO_SETTINGS = False, "INFO", True, None, None
ENVIRONMENT_VARIABLES, CONTEXT_HEADER_MAPPINGS, ADDITIONAL_TEXT_MIMETYPES = {}, {}, []
"""
OURS, SOURCES, LIBRARIES = "the handler, from the zip", "the same without bytecode", "its libraries alone"
PEERS = {
    "bare Flask and boto3": "bare_flask",
    "FastAPI and Mangum": "fastapi_mangum",
    "Chalice's style": "chalice_style",
}

_HANDLER = """
import json, os
from types import SimpleNamespace
from entrypoints.aws_lambda import handle
context = SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 30_000)
def first():
    answer = handle(json.loads(os.environ["EVENT"]), context)
    assert answer["statusCode"] == 200, answer
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
sys.path[:0] = {places!r}
began = time.process_time()
{statements}
started = time.process_time()
first()
sys.__stdout__.write(f"\\n{{started - began}} {{time.process_time() - started}}")
"""


@dataclass(frozen=True, slots=True)
class Case:
    """Something that starts: the statements that make `first`, and where their modules are."""

    statements: str
    places: Sequence[Path]


def measure() -> list[Section]:
    """Processor milliseconds from an empty interpreter to the first answer."""
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
    wholes = {case: min(start + first for start, first in measured) for case, measured in times.items()}
    rows = [
        (
            case,
            f"{starts[case]:.0f}",
            "" if case == LIBRARIES else f"{statistics.median(first for _, first in times[case]):.0f}",
            "" if case == LIBRARIES else f"{wholes[case]:.0f}",
            f"{starts[OURS] / starts[case]:.2f}",
            "" if case == LIBRARIES else f"{wholes[OURS] / wholes[case]:.2f}",
        )
        for case in cases
    ]
    targets = (
        Target("The handler's start, times that without bytecode", 0.5).verdict(starts[OURS] / starts[SOURCES]),
        Target("The handler's start, times that of its libraries", 1.3).verdict(starts[OURS] / starts[LIBRARIES]),
    )
    return [
        Section(
            "A cold start",
            f"The zip of {size:.2f} MiB, unpacked: from an empty interpreter to an application that can serve, then "
            "the first request, a list from ministack. Processor milliseconds, which a busy machine does not stretch; "
            f"best of {ROUNDS} fresh processes, of the first request the median. The peers "
            "(`benchmarks/peers.py`) are the least that their "
            "frameworks can do: no ticker index, tokens, settings, logs or OpenAPI. Their bytecode is compiled too.",
            ("start of", "start", "first request", "both", "ours, times that start", "ours, times both"),
            rows,
            findings="\n".join(f"* {target}" for target in targets),
        )
    ]


def unpacked(directory: Path, *, compiled: bool) -> tuple[Path, float]:
    """The contents of the zip, and its size in MiB."""
    directory.mkdir()
    archive = directory.with_suffix(".zip")
    write(archive, host(), source=ROOT, settings=SETTINGS, compiled=compiled)
    with zipfile.ZipFile(archive) as made:
        made.extractall(directory)
    return directory, archive.stat().st_size / 2**20


def _cases(compiled: Path, sources: Path) -> Iterator[tuple[str, Case]]:
    yield OURS, Case(_HANDLER, [compiled])
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
    """What a fresh process takes to start, and for its first request."""
    script = _TIMED.format(places=list(map(str, case.places)), statements=case.statements)
    command = [sys.executable, "-I", "-S", "-B", "-c", script]  # -B: /var/task is read-only
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    start, first = done.stdout.splitlines()[-1].split()
    return float(start) * 1000, float(first) * 1000
