"""What a cold start costs: `python -m tests.performance.bench_start`.

The zip is packaged, unpacked, and its handler imported in fresh processes, in turn with two things to compare
with: the same without compiled bytecode, and an import of the libraries that it stands on and nothing else.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.deployment.stage import ROOT, host
from tools.package import write

ROUNDS = 9
BARE = "import flask, marshmallow, flask_smorest, pynamodb.models, zappa.handler"
HANDLER = "import entrypoints.aws_lambda"
SETTINGS = b"""
APP_MODULE, APP_FUNCTION, API_STAGE, PROJECT_NAME = "entrypoints.wsgi", "app", "dev", "config-api"
DEBUG, LOG_LEVEL, BINARY_SUPPORT, EXCEPTION_HANDLER, DJANGO_SETTINGS = False, "INFO", True, None, None
ENVIRONMENT_VARIABLES, ADDITIONAL_TEXT_MIMETYPES = {}, []
"""
ENVIRONMENT = {
    "CONFIG_API_STORE": "dynamodb",
    "CONFIG_API_TABLE": "config-api-dev",
    "CONFIG_API_SECRET_KEYS": "a secret key of at least thirty-two characters",
    "AWS_LAMBDA_FUNCTION_NAME": "config-api-dev",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
}


def main() -> None:
    """Measure, and print the table."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        compiled, size = unpacked(directory / "compiled", compiled=True)
        sources, _ = unpacked(directory / "sources", compiled=False)
        cases = {
            "the handler, from the zip": (HANDLER, compiled),
            "the same without bytecode": (HANDLER, sources),
            "the libraries alone": (BARE, compiled),
        }
        times: Mapping[str, list[float]] = {case: [] for case in cases}
        for _ in range(ROUNDS):
            for case, (statement, site) in cases.items():
                times[case].append(seconds(statement, site))
    ours = min(times["the handler, from the zip"])
    table = Table("import", "best ms", "median ms", "the handler takes", title=f"Cold start, {size:.2f} MiB")
    for case, measured in times.items():
        best, median = min(measured), statistics.median(measured)
        table.add_row(case, f"{best * 1000:.0f}", f"{median * 1000:.0f}", f"{ours / best:.2f} x")
    Console().print(table)


def unpacked(directory: Path, *, compiled: bool) -> tuple[Path, float]:
    """The contents of the zip, and its size in MiB."""
    directory.mkdir()
    archive = directory.with_suffix(".zip")
    write(archive, host(), source=ROOT, settings=SETTINGS, compiled=compiled)
    with zipfile.ZipFile(archive) as made:
        made.extractall(directory)
    return directory, archive.stat().st_size / 2**20


def seconds(statement: str, site: Path) -> float:
    """The CPU time that a fresh process takes for `statement`; a busy machine's wall clock tells of others."""
    script = (
        f"import sys, time; sys.path.insert(0, {str(site)!r}); start = time.process_time()\n"
        f"{statement}\nsys.__stdout__.write(str(time.process_time() - start))"
    )
    command = [sys.executable, "-I", "-S", "-B", "-c", script]  # -B: /var/task is read-only
    done = subprocess.run(command, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1].removeprefix("Instancing.."))


if __name__ == "__main__":
    main()
