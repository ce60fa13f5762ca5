from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from domain.ports import ConfigurationStore
from tests.contract.stages import SHARED_STAGES, STAGES, Stage


@pytest.fixture(scope="module", params=STAGES, ids=lambda stage: stage.__name__)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with request.param(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture(scope="module", params=SHARED_STAGES, ids=lambda stage: stage.__name__)
def shared_stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with request.param(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
def store(stage: Stage) -> ConfigurationStore:
    return stage.open()


@pytest.fixture
def ann() -> str:
    return f"ann-{uuid4()}"


@pytest.fixture
def bob() -> str:
    return f"bob-{uuid4()}"
