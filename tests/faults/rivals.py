"""Concurrent requests at a chosen point."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from domain.configurations import Configuration
from domain.ports import ConfigurationStore


def change_after(rival: Callable[[], object]) -> Callable[[Configuration], Configuration]:
    """A change; `rival` runs between the read and the first write of its update."""
    rivals = iter([rival])

    def change(current: Configuration) -> Configuration:
        for run in rivals:
            run()
        return replace(current, timeframe_days=9, revision="ours")

    return change


def rename(store: ConfigurationStore, configuration: Configuration) -> None:
    store.update(
        configuration.user_id,
        configuration.config_id,
        lambda current: replace(current, name="Theirs", revision="theirs"),
    )
