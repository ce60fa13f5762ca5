from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from domain.ports import ConfigurationStore
from tests.contract.backends import BACKENDS, SHARED_BACKENDS, Backend


@pytest.fixture(scope="module", params=BACKENDS, ids=lambda backend: backend.__name__)
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with request.param(tmp_path_factory.mktemp("backend")) as backend:
        yield backend


@pytest.fixture(scope="module", params=SHARED_BACKENDS, ids=lambda backend: backend.__name__)
def shared_backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    with request.param(tmp_path_factory.mktemp("backend")) as backend:
        yield backend


@pytest.fixture
def store(backend: Backend) -> ConfigurationStore:
    return backend.open()


@pytest.fixture
def ann() -> str:
    return f"ann-{uuid4()}"


@pytest.fixture
def bob() -> str:
    return f"bob-{uuid4()}"
