"""The content of the zip, and that the service runs on it alone, also under AWS's own runtime client."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.deployment.stage import ROOT
from tests.support.lambda_events import a_request
from tests.support.runtime_api import running

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("deployment")]

UNCHECKED_HASH = 1
"""The flags in the header of a pyc file (PEP 552): hash-based, and not compared with its source."""


def test_the_zip_has_at_most_12_mib(package: Path) -> None:
    assert package.stat().st_size <= 12 * 2**20


def test_the_zip_contains_the_service_and_no_development_files(package: Path) -> None:
    names = zipfile.ZipFile(package).namelist()

    for directory in ("domain", "adapters", "entrypoints"):
        ours = {path.relative_to(ROOT).as_posix() for path in (ROOT / directory).rglob("*") if path.is_file()}
        assert {name for name in ours if "__pycache__" not in name} <= set(names)
    top = {name.split("/")[0] for name in names}
    assert not top & {"tests", "docs", "tools", "pytest", "moto", "ministack", "mypy", "playwright", "build", ".cache"}
    assert not [name for name in names if name.endswith((".sqlite3", ".env", ".key"))]


def test_the_zip_contains_the_locked_sdk_with_the_services_in_use(package: Path) -> None:
    locked = dict(re.findall(r"^(boto(?:3|core))==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    names = zipfile.ZipFile(package).namelist()

    for name, version in locked.items():
        assert f"{name}-{version}.dist-info/METADATA" in names
    assert {name.split("/")[2] for name in names if re.match(r"botocore/data/.+/", name)} == {"dynamodb", "s3"}


def test_each_module_has_bytecode_that_is_loaded_without_its_source(package: Path) -> None:
    archive = zipfile.ZipFile(package)
    names = set(archive.namelist())

    for source in (name for name in names if name.endswith(".py")):
        directory, _, module = source.rpartition("/")
        cached = f"{directory}/__pycache__/{module[:-3]}.{sys.implementation.cache_tag}.pyc".lstrip("/")
        assert cached in names
    for compiled in (name for name in names if name.endswith(".pyc")):
        assert archive.read(compiled)[4:8] == UNCHECKED_HASH.to_bytes(4, "little")


def test_the_service_runs_with_only_the_zip_and_the_standard_library(unpacked: Path) -> None:
    # With `-I -S`, Python finds its standard library only.
    script = f"""
import importlib, os, pathlib, sys
sys.path.insert(0, {str(unpacked)!r})
for path in sorted(pathlib.Path({str(unpacked)!r}).glob("*/")):
    if path.name in ("domain", "adapters"):
        for module in path.glob("*.py"):
            importlib.import_module(f"{{path.name}}.{{module.stem}}")
import entrypoints.aws_lambda as function
import entrypoints.jobs, jwt.algorithms, boto3
for service in ("dynamodb", "s3"):
    boto3.client(service, region_name="us-east-1")
client = function._zappa.app_module.app.test_client()
for path in ("/", "/docs", "/openapi.json", "/api/v2/health", "/api/v2/health/ready", "/api/v2/tickers/search?q=apple"):
    assert client.get(path).status_code == 200, path
foreign = [m.__file__ for m in list(sys.modules.values()) if "site-packages" in (getattr(m, "__file__", None) or "")]
assert not foreign, foreign
"""
    environment = os.environ | {"CONFIG_API_STORE": "memory", "AWS_LAMBDA_FUNCTION_NAME": "config-api-dev"}

    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr[-3000:]


def test_a_request_shortly_before_the_timeout_ends_in_a_503(unpacked: Path, tmp_path: Path) -> None:
    # This server accepts connections and never answers.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        environment = {
            "CONFIG_API_STORE": "dynamodb",
            "CONFIG_API_TABLE": "config-api-dev",
            "CONFIG_API_SECRET_KEYS": "a secret key of at least thirty-two characters",
            "CONFIG_API_DEADLINE": "29",
            "AWS_ENDPOINT_URL_DYNAMODB": f"http://127.0.0.1:{silent.getsockname()[1]}",
        }
        with running(
            unpacked, "entrypoints.aws_lambda.handle", log=tmp_path / "log", environment=environment
        ) as function:
            session = function.invoke(a_request("POST", "/api/v2/auth/anonymous"))
            bearer = f"Bearer {json.loads(session.payload['body'])['token']}"

            refused = [
                function.invoke(a_request("GET", "/api/v2/configurations", authorization=bearer), remaining=remaining)
                for remaining in (2.0, 0.1)
            ]

    assert [outcome.payload["statusCode"] for outcome in refused] == [503, 503]
