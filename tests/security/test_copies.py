"""Copies of one started process, as SnapStart makes them."""

from __future__ import annotations

import random

import pytest

from entrypoints.application import KEY, Application
from entrypoints.bootstrap import create_app, new_id
from tests.api.conftest import SETTINGS


def test_nothing_that_draws_has_a_state_that_copies_would_share() -> None:
    application: Application = create_app(SETTINGS).extensions[KEY]

    for user in (application.per_user, application.per_address, application.tickers):
        with pytest.raises(NotImplementedError):
            user._random.getstate()


def test_an_id_does_not_follow_from_the_state_of_a_process() -> None:
    state = random.getstate()
    one = new_id()
    random.setstate(state)

    assert new_id() != one
