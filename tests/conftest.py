"""What every test has: no network but loopback, no AWS account by accident."""

from __future__ import annotations

import pytest
from hypothesis import settings

import verification.environment.credentials  # noqa: F401 replaces a developer's credentials before botocore is imported

# A busy machine is no failure: what takes long is measured elsewhere.
settings.register_profile("explore", deadline=None)
# The same examples in each run: a merge does not depend on luck. `make steady` looks for others.
settings.register_profile("repeat", settings.get_profile("explore"), derandomize=True)
settings.load_profile("repeat")

WITHOUT_COVERAGE = {"browser", "clients", "properties"}
"""Directories of tests that cover nothing that others do not. Coverage almost doubles their processor time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name in WITHOUT_COVERAGE:
            item.add_marker(pytest.mark.no_cover)
