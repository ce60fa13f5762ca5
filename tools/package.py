"""Build the Lambda zip: the service and its locked dependencies, with bytecode for the runtime of the stage.

`zappa_settings.json` excludes all files that Zappa would collect (`"exclude": ["*"]`) and names `build_package` as the
callback that completes the zip. `zappa package`, `deploy` and `update` therefore produce the same zip from any
virtual environment. The same sources give the same bytes.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

# A hidden directory, because Zappa imports any `zappa.websocket` that it finds elsewhere below the project.
CACHE = ROOT / ".cache" / "lambda"

PACKAGES = ("domain", "adapters", "entrypoints")
"""The packages of the service."""

NOT_SHIPPED = {
    # The server; in Lambda, Zappa's handler calls the application.
    *("gevent", "greenlet", "gunicorn", "zope-event", "zope-interface"),
    # Used by Zappa's command line only.
    *("argcomplete", "cfn-flip", "charset-normalizer", "hjson", "idna", "pip", "placebo", "python-slugify", "requests"),
    *("setuptools", "text-unidecode", "toml", "tqdm", "troposphere", "wheel"),
    # Used by our command line only.
    *("markdown-it-py", "mdurl", "pygments", "rich"),
    # Used by cffi to compile C.
    "pycparser",
}
"""Distributions of requirements.txt that the function does not import."""

EXCLUDED = (
    *("bin/*", "*.pyi", "*.dist-info/RECORD", "boto3/data/*", "boto3/examples/*", "cffi/*", "dateutil/zoneinfo/*"),
    *("werkzeug/debug/*", "zappa/cli.py", "zappa/core.py"),
    # botocore prefers the certificates of certifi.
    "botocore/cacert.pem",
    # The same in Python is sufficient.
    "yaml/_yaml.*",
)
"""Large files of the dependencies that the function does not read."""

SERVICES = ("dynamodb", "s3")
"""The AWS services whose descriptions are shipped; all others are nine tenths of botocore."""

# The oldest and newest glibc that a wheel may require. Amazon Linux 2023 has 2.34.
GLIBC_MINORS = range(17, 35)
WHEEL_ARCHITECTURE = {"arm64": "aarch64", "x86_64": "x86_64"}
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


class PackagingError(Exception):
    """The zip cannot be built; the message names the reason."""


@dataclass(frozen=True, slots=True)
class Target:
    """A Lambda runtime (`python3.13`) and architecture (`arm64`)."""

    runtime: str
    architecture: str

    @property
    def version(self) -> str:
        """The major and minor version of Python."""
        return self.runtime.removeprefix("python")


def build_package(cli: Any) -> None:
    """Replace the zip that Zappa has created by the complete one. Zappa calls this function with its command."""
    archive = Path(cli.zip_path)
    with zipfile.ZipFile(archive) as created:
        settings = created.read("zappa_settings.py")
    write_package(archive, Target(cli.runtime, cli.architecture), source=Path.cwd(), settings=settings)
    sys.stdout.write(f"{archive}: {archive.stat().st_size / 2**20:.1f} MiB\n")


def write_package(archive: Path, target: Target, *, source: Path, settings: bytes, compiled: bool = True) -> None:
    """Write the zip of the service in the directory `source`. Raises PackagingError."""
    python = _interpreter(target) if compiled else None
    dependencies = _dependencies(target, source / "requirements.txt", python)
    with TemporaryDirectory() as directory:
        staged = Path(directory)
        for package in PACKAGES:
            shutil.copytree(source / package, staged / package, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        (staged / "zappa_settings.py").write_bytes(settings)
        if python is not None:
            _compile(staged, python)
        _zip(archive, dict(_files(dependencies)) | dict(_files(staged)))


def _zip(archive: Path, files: Mapping[str, Path]) -> None:
    draft = archive.with_suffix(".draft")
    with zipfile.ZipFile(draft, "w") as created:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            entry.external_attr = 0o644 << 16
            created.writestr(entry, files[name].read_bytes(), zipfile.ZIP_DEFLATED)
    draft.replace(archive)


def _dependencies(target: Target, requirements: Path, python: str | None) -> Path:
    """The directory of the dependencies, installed and compiled for `target`; a cached one if nothing changed."""
    shipped = "".join(_shipped(requirements.read_text(encoding="utf-8")))
    inputs = (shipped, target, python and _version(python), Path(__file__).read_text(encoding="utf-8"))
    site = CACHE / hashlib.sha256(repr(inputs).encode()).hexdigest()[:16]
    if site.exists():
        return site
    CACHE.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=CACHE) as directory:
        draft = Path(directory) / "site"
        locked = Path(directory) / "requirements.txt"
        locked.write_text(shipped, encoding="utf-8")
        architecture = WHEEL_ARCHITECTURE[target.architecture]
        _run(
            *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--require-hashes", "--only-binary=:all:", "--no-compile", "--implementation=cp"),
            *(f"--platform=manylinux_2_{minor}_{architecture}" for minor in reversed(GLIBC_MINORS)),
            *(f"--platform=manylinux2014_{architecture}", f"--python-version={target.version}"),
            *(f"--target={draft}", f"--requirement={locked}"),
            problem="The dependencies could not be installed",
        )
        for name, path in list(_files(draft)):
            if not _is_shipped(name):
                path.unlink()
        if python is not None:
            _compile(draft, python)
        try:
            draft.rename(site)
        except OSError:
            # Another process has created the same directory.
            if not site.exists():
                raise
    return site


def _shipped(requirements: str) -> Iterator[str]:
    """The locked requirements of the function, each with its hashes."""
    for requirement in re.findall(r"^[a-z0-9].*\n(?:[ ].*\n?)*", requirements, re.MULTILINE):
        if re.split(r"[=\[ ]", requirement)[0] not in NOT_SHIPPED:
            yield requirement


def _is_shipped(name: str) -> bool:
    if name.startswith("botocore/data/") and name.count("/") > 2:  # noqa: PLR2004 - botocore/data/<service>/…
        return name.split("/")[2] in SERVICES
    return not any(fnmatch.fnmatchcase(name, pattern) for pattern in EXCLUDED)


def _compile(directory: Path, python: str) -> None:
    """Compile for /var/task, which is read-only, into bytecode that is loaded without a look at its source (PEP 552).

    This halves the cold start: without bytecode, each start compiles all modules again.
    """
    _run(
        *(python, "-m", "compileall", "-q", "-f", "-j", "2", "--invalidation-mode", "unchecked-hash"),
        *("-s", str(directory), "-p", "/var/task", str(directory)),
        problem="The sources could not be compiled",
    )


def _interpreter(target: Target) -> str | None:
    """A Python of the target's version: this one, or one of the PATH or of pyenv; None, with a warning, without one."""
    pyenv = Path("~/.pyenv/versions").expanduser().glob(f"{target.version}.*/bin/python")
    for python in (sys.executable, shutil.which(target.runtime), *map(str, sorted(pyenv))):
        if python is not None and _version(python).startswith(f"{target.version}."):
            return python
    sys.stderr.write(
        f"{target.runtime} is not installed, so the zip contains no bytecode, and cold starts take twice as long. "
        "Install it, or set the runtime of the stage to a Python that is installed.\n"
    )
    return None


def _version(python: str) -> str:
    command = [python, "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _run(*command: str, problem: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise PackagingError(f"{problem}:\n{ended.stderr.strip() or ended.stdout.strip()}")


def _files(directory: Path) -> Iterator[tuple[str, Path]]:
    for path in directory.rglob("*"):
        if path.is_file():
            yield path.relative_to(directory).as_posix(), path
