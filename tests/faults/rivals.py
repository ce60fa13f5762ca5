"""Somebody else who acts at the worst moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from domain.configurations import Configuration
from domain.ports import ConfigurationStore


def after_a_rival(act: Callable[[], object]) -> Callable[[Configuration], Configuration]:
    """A change before whose first write the rival acts."""
    acts = iter([act])

    def change(current: Configuration) -> Configuration:
        for rival_acts in acts:
            rival_acts()
        return replace(current, timeframe_days=9, revision="ours")

    return change


def rename(store: ConfigurationStore, configuration: Configuration) -> None:
    store.update(
        configuration.user_id,
        configuration.config_id,
        lambda current: replace(current, name="Theirs", revision="theirs"),
    )
