"""The Lambda's zip: the service, and what `requirements.txt` pins, compiled and cut to what is used.

`zappa_settings.json` tells Zappa to collect nothing itself (`"exclude": ["*"]`) and to call
`compose` when its zip is made, so that `zappa package`, `deploy` and `update` all give the same
zip, from whatever virtual environment they are called. The same sources give the same bytes.
"""

from __future__ import annotations

import fnmatch
import gzip
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "lambda"
"""Hidden, because Zappa takes `zappa.websocket` anywhere else below the project for an application of ours."""
OURS = ("domain", "adapters", "entrypoints")
"""The packages of the service, in the directory that the zip is made from."""

AT_OPERATORS_ONLY = {
    # Zappa's command line, and the commands of ours that show progress.
    *("argcomplete", "cfn-flip", "charset-normalizer", "hjson", "idna", "markdown-it-py", "mdurl", "pip", "placebo"),
    *("pygments", "python-slugify", "requests", "rich", "setuptools", "text-unidecode", "toml", "tqdm", "troposphere"),
    "wheel",
    *("gevent", "greenlet", "gunicorn", "zope-event", "zope-interface"),  # Lambda is the server
    "pycparser",  # cffi compiles with it
}
"""Distributions that run on an operator's machine and never in the Lambda."""

LEFT_OUT = (
    # Not for running
    *("bin/*", "*.pyi", "*/py.typed", "*/tests/*", "*.c", "*.h", "boto3/examples/*"),
    *("cffi/*", "cryptography/hazmat/bindings/_rust/*"),
    # Other platforms, frameworks and servers
    *("click/_winconsole.py", "dateutil/tz/win.py", "urllib3/contrib/*", "urllib3/http2/connection.py"),
    *("webargs/aiohttpparser.py", "webargs/falconparser.py", "webargs/pyramidparser.py", "webargs/tornadoparser.py"),
    # Development and command lines
    *("click/shell_completion.py", "jinja2/debug.py"),
    *("webargs/testing.py", "werkzeug/debug/*", "werkzeug/_reloader.py", "werkzeug/testapp.py", "botocore/stub.py"),
    *("werkzeug/middleware/lint.py", "werkzeug/middleware/profiler.py", "zappa/cli.py", "zappa/core.py"),
    *("zappa/letsencrypt.py", "zappa/asynchronous.py", "zappa/ext/*"),
    # What we have no use for
    *(
        "boto3/data/*",
        "botocore/data/*/examples-1.json*",
        "boto3/dynamodb/*",
        "botocore/crt/auth.py",
        "s3transfer/crt.py",
    ),
    *("s3transfer/processpool.py", "cryptography/fernet.py", "cryptography/hazmat/asn1/*"),
    *("cryptography/hazmat/primitives/twofactor/*", "cryptography/x509/ocsp.py", "dateutil/zoneinfo/*"),
    *("dateutil/rrule.py", "jinja2/ext.py", "jinja2/meta.py", "jinja2/sandbox.py", "packaging/licenses/*"),
    *("packaging/metadata.py", "packaging/pylock.py", "packaging/dependency_groups.py", "packaging/direct_url.py"),
    # Twice
    "botocore/cacert.pem",  # certifi has them too, and botocore prefers those
    "yaml/_yaml.*",  # the same in Python will do
)
"""Files of the dependencies that stay at home."""
SERVICES = ("dynamodb", "s3")
"""The AWS services whose descriptions ship; the others are nine tenths of botocore."""

_GLIBC = (17, 26)
"""Oldest and newest minor version of glibc that a wheel may ask for: Amazon Linux 2's; 2023 runs those as well."""
_WHEEL_ARCHITECTURE = {"arm64": "aarch64", "x86_64": "x86_64"}
_EPOCH = (1980, 1, 1, 0, 0, 0)


class PackagingError(Exception):
    """The zip cannot be made; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the zip is for: `python3.13`, `arm64`."""

    runtime: str
    architecture: str

    @property
    def version(self) -> str:
        """The Python's major and minor version."""
        return self.runtime.removeprefix("python")


def compose(cli: Any) -> None:
    """Complete the zip that Zappa has begun, in its place. Zappa calls this with itself."""
    archive = Path(cli.zip_path)
    with zipfile.ZipFile(archive) as begun:
        settings = begun.read("zappa_settings.py")
    _take_environment(cli)
    _settle_on_a_bucket(cli)
    write(archive, Target(cli.runtime, cli.architecture), source=Path.cwd(), settings=settings)
    sys.stdout.write(f"{archive}: {archive.stat().st_size / 2**20:.1f} MiB\n")


def write(archive: Path, target: Target, *, source: Path, settings: bytes, compiled: bool = True) -> None:
    """Write the zip for `target` from the service in `source`. Raises PackagingError."""
    python = _interpreter(target) if compiled else None
    dependencies = _dependencies(target, source / "requirements.txt", python)
    with TemporaryDirectory() as directory:
        staged = Path(directory)
        for package in OURS:
            shutil.copytree(source / package, staged / package, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        (staged / "zappa_settings.py").write_bytes(settings)
        if python is not None:
            _compile(staged, python)
        _zip(archive, dict(_files(dependencies)) | dict(_files(staged)))


def _zip(archive: Path, files: Mapping[str, Path]) -> None:
    draft = archive.with_suffix(".draft")
    with zipfile.ZipFile(draft, "w") as made:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            made.writestr(entry, files[name].read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)
    draft.replace(archive)


def _dependencies(target: Target, requirements: Path, python: str | None) -> Path:
    """What `requirements` pins, installed for `target`, compiled, and kept for the next time."""
    wanted = "\n".join(_shipped(requirements.read_text(encoding="utf-8")))
    this = Path(__file__).read_text(encoding="utf-8")
    recipe = "\n".join([wanted, repr(target), repr(python and _banner(python)), this])
    site = CACHE / hashlib.sha256(recipe.encode()).hexdigest()[:16]
    if site.exists():
        return site
    draft = CACHE / f"{site.name}.{os.getpid()}"
    draft.mkdir(parents=True)
    platforms = [f"manylinux_2_{minor}" for minor in range(_GLIBC[1], _GLIBC[0] - 1, -1)] + ["manylinux2014"]
    list_ = draft / "requirements.txt"
    list_.write_text(wanted, encoding="utf-8")
    _run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"),
        "--require-hashes",
        *("--only-binary=:all:", "--implementation=cp", f"--python-version={target.version}", "--no-compile"),
        *(f"--platform={platform}_{_WHEEL_ARCHITECTURE[target.architecture]}" for platform in platforms),
        *(f"--target={draft}", f"--requirement={list_}"),
        problem="the dependencies could not be installed",
    )
    list_.unlink()
    for name, path in list(_files(draft)):
        if not _ships(name):
            path.unlink()
        elif path.suffix == ".so":
            path.write_bytes(_without_symbols(path.read_bytes()))
        elif name.startswith("botocore/data/") and path.suffixes == [".json", ".gz"]:
            path.with_suffix("").write_text(_without_prose(gzip.decompress(path.read_bytes())), encoding="utf-8")
            path.unlink()
    if python is not None:  # other people's sources stay at home: half of the zip, and never read
        _compile(draft, python, "-b", "-o", "2")  # nor their docstrings
        for source in draft.rglob("*.pyc"):
            source.with_suffix(".py").unlink()
    try:
        draft.replace(site)
    except OSError:  # somebody else was faster, with the same
        shutil.rmtree(draft)
    return site


def _shipped(requirements: str) -> Iterator[str]:
    for line in requirements.replace("\\\n", "").splitlines():
        name = line.split("==")[0]
        if name and not name.startswith("#") and name not in AT_OPERATORS_ONLY:
            yield line


def _ships(name: str) -> bool:
    if name.startswith("botocore/data/") and name.count("/") > 2:  # noqa: PLR2004 - botocore/data/<service>/…
        return name.split("/")[2] in SERVICES
    if ".dist-info/" in name:  # versions, for whoever asks or audits
        return name.endswith(".dist-info/METADATA")
    return not any(fnmatch.fnmatchcase(name, pattern) for pattern in LEFT_OUT)


def _compile(directory: Path, python: str, *layout: str) -> None:
    """Compile for a read-only /var/task: bytecode that is believed without looking at its source (PEP 552)."""
    _run(
        *(python, "-m", "compileall", "-q", "-f", "-j", "2", "--invalidation-mode", "unchecked-hash", *layout),
        *("-s", str(directory), "-p", "/var/task", str(directory)),
        problem="the sources could not be compiled",
    )


def _without_prose(description: bytes) -> str:
    """The description of a service as a client needs it: four fifths of it are its manual."""

    def bare(node: Any) -> Any:
        if isinstance(node, dict):
            return {k: "" if k == "documentation" and isinstance(v, str) else bare(v) for k, v in node.items()}
        return [bare(item) for item in node] if isinstance(node, list) else node

    return json.dumps(bare(json.loads(description)), separators=(",", ":"))


def _without_symbols(library: bytes) -> bytes:
    """An ELF library cut off behind its last segment: what follows is for debuggers (ELF-64, little endian).

    `strip` does the same, for the architectures that it knows.
    """
    e_phoff, e_shoff = struct.unpack_from("<QQ", library, 32)
    e_phentsize, e_phnum = struct.unpack_from("<HH", library, 54)
    ends = []
    for header in range(e_phoff, e_phoff + e_phentsize * e_phnum, e_phentsize):
        p_offset, _, _, p_filesz = struct.unpack_from("<QQQQ", library, header + 8)
        ends.append(p_offset + p_filesz)
    cut = bytearray(library[: max(ends)])
    struct.pack_into("<Q", cut, 40, 0)  # e_shoff: there are no sections any more
    struct.pack_into("<HH", cut, 60, 0, 0)  # e_shnum, e_shstrndx
    return bytes(cut) if e_shoff >= max(ends) else library


def _interpreter(target: Target) -> str | None:
    """A Python that writes the target's bytecode; None, with a warning, where there is none."""
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    pyenv = Path("~/.pyenv/versions").expanduser().glob(f"{target.version}.*/bin/python")
    candidates = [sys.executable] if here == target.version else [shutil.which(target.runtime), *map(str, pyenv)]
    for python in candidates:
        if python is not None and _banner(python).startswith(target.version + "."):
            return python
    sys.stderr.write(
        f"There is no {target.runtime} here, so the zip has no bytecode: cold starts take longer. "
        f"Install it, or run Zappa with it, or set the stage's runtime to python{here}.\n"
    )
    return None


def _banner(python: str) -> str:
    found = subprocess.run(
        [python, "-c", "import platform; print(platform.python_version())"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip()


def _run(*command: str, problem: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackagingError(f"{problem}:\n{done.stderr.strip() or done.stdout.strip()}")


def _files(directory: Path) -> Iterator[tuple[str, Path]]:
    for path in directory.rglob("*"):
        if path.is_file():
            yield path.relative_to(directory).as_posix(), path


def _settle_on_a_bucket(cli: Any) -> None:
    """Upload to the same bucket each time, and to one that is nobody else's; Zappa would make a new one for each."""
    sts = getattr(cli.zappa, "sts_client", None)  # `zappa package` has no credentials
    if sts is not None and "s3_bucket" not in cli.stage_config:
        cli.s3_bucket_name = f"config-api-zappa-{sts.get_caller_identity()['Account']}-{cli.zappa.aws_region}"


def _take_environment(cli: Any, environ: Mapping[str, str] = os.environ) -> None:
    """Give the function the `CONFIG_API_*` of whoever deploys: secrets are in no file, and this names what it took."""
    taken = {name: value for name, value in environ.items() if name.startswith("CONFIG_API_")}
    cli.aws_environment_variables.update(taken)
    if taken:
        sys.stdout.write(f"From your environment: {', '.join(sorted(taken))}\n")
