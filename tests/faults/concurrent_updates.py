"""Updates with a concurrent request between their read and their write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from domain.configurations import Configuration
from domain.ports import ConfigurationStore


def change_after(concurrent_request: Callable[[], object]) -> Callable[[Configuration], Configuration]:
    """Returns a change that calls `concurrent_request` once, between the read and the first write of its update."""
    pending = iter([concurrent_request])

    def change(current: Configuration) -> Configuration:
        for run in pending:
            run()
        return replace(current, timeframe_days=9, revision="ours")

    return change


def rename(store: ConfigurationStore, configuration: Configuration) -> None:
    store.update(
        configuration.user_id,
        configuration.config_id,
        lambda current: replace(current, name="Theirs", revision="theirs"),
    )
