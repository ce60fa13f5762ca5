"""Run the fast tests on every supported Python that is installed, and list the versions that are missing.

Interpreters are searched on the PATH and in pyenv. Each gets its own virtual environment in .cache/.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from supported_python import supported_versions

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements-dev.txt"


def interpreter(version: str) -> Path | None:
    """A working interpreter of the minor version."""
    for candidate in _candidates(version):
        code = "import sys, venv; print('{}.{}'.format(*sys.version_info[:2]))"
        found = subprocess.run([candidate, "-c", code], capture_output=True, text=True, check=False)
        if found.returncode == 0 and found.stdout.strip() == version:
            return candidate
    return None


def _candidates(version: str) -> Iterator[Path]:
    if on_path := shutil.which(f"python{version}"):
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python3"), reverse=True)


def environment(version: str, python: Path) -> Path:
    """The `bin` of a virtual environment with the locked development dependencies."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]
    place = ROOT / ".cache" / f"python{version}-{digest}"
    complete = place / ".complete"
    if not complete.exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([python, "-m", "venv", place], check=True)
        install = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
        subprocess.run([place / "bin" / "pip", *install, "-r", REQUIREMENTS], check=True)
        complete.touch()
    return place / "bin"


def main() -> None:
    """Test each version; exits with 1 if a test failed or no version was found."""
    results = {}
    for version in supported_versions():
        python = interpreter(version)
        if python is None:
            results[version] = "missing: install it, or put it on the PATH"
            continue
        print(f"Python {version}: {python}", flush=True)
        bin_ = environment(version, python)
        command = [bin_ / "python", "-m", "pytest", "-q", "-n", "2", "-m", "not slow", *sys.argv[1:]]
        done = subprocess.run(command, cwd=ROOT, check=False)
        results[version] = "passed" if done.returncode == 0 else "FAILED"
    for version, result in results.items():
        print(f"Python {version}: {result}")
    if "FAILED" in results.values() or "passed" not in results.values():
        sys.exit(1)


if __name__ == "__main__":
    main()
