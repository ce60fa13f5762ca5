"""The locked requirements agree with pyproject.toml and with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME, DEVELOPMENT, BENCHMARKS = LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-bench.txt")


def locked(path: str) -> dict[str, str]:
    """The version of each package that the file pins, by canonical name."""
    text = (ROOT / path).read_text(encoding="utf-8")
    return {canonicalize_name(name): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE)}


@pytest.mark.parametrize(
    ("path", "declared"),
    [
        (RUNTIME, PROJECT["project"]["dependencies"]),
        (DEVELOPMENT, PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]),
        (BENCHMARKS, PROJECT["dependency-groups"]["bench"]),
    ],
)
def test_every_declared_dependency_is_locked_at_a_version_that_it_allows(path: str, declared: list[str]) -> None:
    pins = locked(path)

    for requirement in map(Requirement, declared):
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier


@pytest.mark.parametrize("path", [RUNTIME, BENCHMARKS])
def test_a_package_is_locked_at_the_same_version_in_every_file(path: str) -> None:
    development = locked(DEVELOPMENT)

    for name, version in locked(path).items():
        assert development.get(name, version) == version


@pytest.mark.parametrize("path", LOCKS)
def test_a_lock_consists_of_pinned_versions_with_hashes(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")

    pin = r"[\w.-]+==\S+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n"
    assert re.fullmatch(rf"(#.*\n)*({pin})+", text)
