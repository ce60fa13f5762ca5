"""Lists, updates and deletes of the service."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.configurations import ConfigurationUpdate, WatchedTicker
from domain.errors import RevisionMismatch, UnknownTicker
from domain.limits import User
from domain.services import ConfigurationList
from tests.builders import APPLE, BERKSHIRE, NOW, a_draft
from tests.support.services import AService

# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_list_is_ordered_and_has_the_remaining_number(service: AService, ann: User) -> None:
    older = service.create(ann, a_draft()).configuration
    assert service.list(ann).remaining == 1
    service.now += timedelta(seconds=1)
    newer = service.create(ann, a_draft()).configuration

    assert service.list(ann) == ConfigurationList((newer, older), max_allowed=2)


# --- updating ---------------------------------------------------------------------------------------------------------


def test_an_update_is_visible_to_the_next_read(service: AService, ann: User) -> None:
    before = service.create(ann, a_draft(tickers=("AAPL",))).configuration
    service.now += timedelta(hours=1)

    after = service.update(ann, before.config_id, ConfigurationUpdate.of(name="After", tickers=["brk-b", "AAPL"]))

    assert after == replace(
        before,
        name="After",
        tickers=(WatchedTicker(BERKSHIRE, service.now), WatchedTicker(APPLE, NOW)),
        updated_at=service.now,
        revision=after.revision,
    )
    assert len({before.config_id, before.revision, after.revision, None}) == 4
    assert service.get(ann, before.config_id) == after


def test_an_update_without_tickers_does_not_validate_them(service: AService, ann: User) -> None:
    before = service.create(ann, a_draft()).configuration
    del service.tickers.listings["AAPL"]

    assert service.update(ann, before.config_id, ConfigurationUpdate.of(name="After")).tickers == before.tickers
    with pytest.raises(UnknownTicker):
        service.update(ann, before.config_id, ConfigurationUpdate.of(tickers=["AAPL"]))


def test_an_update_with_another_revision_is_refused(service: AService, ann: User) -> None:
    first = service.create(ann, a_draft()).configuration
    second = service.update(ann, first.config_id, ConfigurationUpdate.of(name="Second"), revisions=[first.revision])

    for outdated in ([first.revision], []):
        with pytest.raises(RevisionMismatch):
            service.update(ann, first.config_id, ConfigurationUpdate.of(name="Third"), revisions=outdated)
    assert service.get(ann, first.config_id) == second

    third = service.update(
        ann, first.config_id, ConfigurationUpdate.of(name="Third"), revisions=[first.revision, second.revision]
    )
    assert third.name == "Third"


# --- deleting ---------------------------------------------------------------------------------------------------------


def test_a_delete_with_another_revision_is_refused(service: AService, ann: User) -> None:
    first = service.create(ann, a_draft()).configuration

    for outdated in (["another"], []):
        with pytest.raises(RevisionMismatch):
            service.delete(ann, first.config_id, revisions=outdated)
    assert service.list(ann).configurations == (first,)

    service.delete(ann, first.config_id, revisions=["another", first.revision])
    assert service.list(ann).configurations == ()
