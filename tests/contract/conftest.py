from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from domain.errors import NotFound
from domain.ports import ConfigurationStore
from tests.builders import NOW, rename_to
from tests.contract.backends import BACKENDS, Backend


@pytest.fixture(scope="module", params=BACKENDS, ids=lambda backend: backend.__name__)
def backend(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
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


def expect_not_found(store: ConfigurationStore, user: str, config_id: str, revision: str = "any") -> None:
    for act in (
        lambda: store.get(user, config_id),
        lambda: store.update(user, config_id, rename_to("Never")),
        lambda: store.remove(user, config_id, now=NOW),
        lambda: store.remove(user, config_id, now=NOW, revisions=frozenset({revision})),
    ):
        with pytest.raises(NotFound):
            act()
