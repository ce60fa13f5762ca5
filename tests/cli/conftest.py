from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import Result

from entrypoints.application import close
from entrypoints.bootstrap import create_app
from entrypoints.settings import Settings, StoreKind
from tests.builders import AFixedList

Run = Callable[..., Result]

SETTINGS = Settings(
    store=StoreKind.DYNAMODB, table="config-api", secret_keys=("a key of at least thirty-two characters",)
)


@pytest.fixture
def run() -> Run:
    """Runs a command on the application that the settings describe, and returns its output."""

    def run(*arguments: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC), **settings: Any) -> Result:
        app = create_app(replace(SETTINGS, **settings), ticker_list=AFixedList(), clock=clock)
        try:
            return app.test_cli_runner().invoke(args=arguments)
        finally:
            close(app)

    return run
