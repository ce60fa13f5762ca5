"""Adoption on every store: a member takes over what an anonymous user holds, all or nothing, in any race."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.adoption import MAX_ADOPTED, Adoption
from domain.configurations import Configuration
from domain.errors import DeletedSince, LimitReached
from domain.idempotency import TOMBSTONE_RETENTION
from domain.ports import ConfigurationStore
from tests.builders import NOW, a_configuration, a_keyed_configuration, rename_to
from tests.contract.backends import Backend
from tests.contract.races import ADDED, DONE, FULL, GONE, Act, at_every_interleaving, create, free_places

EXPIRY = NOW + timedelta(days=37)


def two_of(store: ConfigurationStore, user: str) -> list[Configuration]:
    """The user's configurations, newest first; the second was created with an idempotency key."""
    held = [
        a_configuration(user, request_fingerprint=None, expires_at=EXPIRY),
        a_keyed_configuration(user, at=NOW - timedelta(days=1), expires_at=EXPIRY),
    ]
    for each in held:
        store.add(each, limit=2)
    return held


def adopt(
    store: ConfigurationStore, anonymous: str, member: str, *config_ids: str, limit: int = 5
) -> tuple[Configuration, ...]:
    return store.adopt(Adoption(anonymous, member, config_ids or None), limit=limit, now=NOW)


def test_everything_moves_and_only_the_owner_and_the_expiry_change(backend: Backend, ann: str, bob: str) -> None:
    held = two_of(backend.open(), ann)
    own = a_configuration(bob, at=NOW - timedelta(hours=1))
    backend.open().add(own, limit=5)

    adopted = adopt(backend.open(), ann, bob)
    again = adopt(backend.open(), ann, bob)

    moved = [replace(each, user_id=bob, expires_at=None) for each in held]
    assert (list(adopted), again) == (moved, ())
    store = backend.open()
    assert (store.list(ann), list(store.list(bob))) == ((), [moved[0], own, moved[1]])
    assert (free_places(store, ann, 2), free_places(store, bob, 5)) == (2, 2)


def test_only_the_chosen_ones_move(store: ConfigurationStore, ann: str, bob: str) -> None:
    chosen, kept = two_of(store, ann)

    adopted = adopt(store, ann, bob, chosen.config_id, "unknown", limit=1)

    assert [each.config_id for each in adopted] == [chosen.config_id]
    assert store.list(ann) == (kept,)
    assert (free_places(store, ann, 2), free_places(store, bob, 1)) == (1, 0)


def test_nothing_moves_if_the_member_would_have_more_than_the_limit(
    store: ConfigurationStore, ann: str, bob: str
) -> None:
    held, own = two_of(store, ann), a_configuration(bob)
    store.add(own, limit=2)

    with pytest.raises(LimitReached) as refusal:
        adopt(store, ann, bob, limit=2)

    assert refusal.value.max_allowed == 2
    assert (list(store.list(ann)), store.list(bob)) == (held, (own,))
    assert (free_places(store, ann, 2), free_places(store, bob, 2)) == (0, 1)
    assert adopt(store, bob, ann, "unknown", limit=0) == ()


def test_as_many_as_allowed_move_at_once(store: ConfigurationStore, ann: str, bob: str) -> None:
    held = [a_configuration(ann) for _ in range(MAX_ADOPTED + 1)]
    for each in held:
        store.add(each, limit=MAX_ADOPTED + 1)

    adopted = adopt(store, ann, bob, *(each.config_id for each in held[1:]), limit=MAX_ADOPTED)

    assert len(adopted) == MAX_ADOPTED
    assert store.list(ann) == (held[0],)


def test_a_late_duplicate_of_a_create_is_refused_after_the_adoption(
    store: ConfigurationStore, ann: str, bob: str
) -> None:
    _, keyed = two_of(store, ann)
    adopt(store, ann, bob)
    after = NOW + TOMBSTONE_RETENTION + timedelta(seconds=1)

    with pytest.raises(DeletedSince):
        store.add(keyed, limit=2)
    assert not store.add(replace(keyed, created_at=after), limit=2).replayed

    # The member has this id.
    assert adopt(store, ann, bob) == ()
    assert len(store.list(ann)) == 1
    store.remove(bob, keyed.config_id, now=NOW)
    assert adopt(store, ann, bob) == ()


Rival = Callable[[ConfigurationStore, str, str, Sequence[Configuration]], object]
"""An operation on the data of an anonymous user and of a member, who holds the last of the configurations."""

TWO, ONE, NONE = "2", "1", "0"
"""The number of adopted configurations."""

RACES: dict[str, tuple[int, Rival, list[tuple[str, str, int, int]]]] = {
    "delete": (
        3,
        lambda store, ann, _, held: store.remove(ann, held[1].config_id, now=NOW),
        [(TWO, GONE, 0, 3), (ONE, DONE, 0, 2)],
    ),
    "update": (
        3,
        lambda store, ann, _, held: store.update(ann, held[0].config_id, rename_to("New")).name,
        [(TWO, GONE, 0, 3), (TWO, "New", 0, 3)],
    ),
    "create": (9, lambda store, ann, _, __: create(store, ann, 9), [(TWO, ADDED, 1, 3), ("3", ADDED, 0, 4)]),
    "another member": (
        3,
        lambda store, ann, bob, __: str(len(adopt(store, ann, f"other-{bob}"))),
        [(TWO, NONE, 0, 3), (NONE, TWO, 0, 1)],
    ),
    "create of the member": (
        3,
        lambda store, _, bob, __: create(store, bob, 3),
        [(TWO, FULL, 0, 3), (FULL, ADDED, 2, 2)],
    ),
    "delete of the member": (
        2,
        lambda store, _, bob, held: store.remove(bob, held[2].config_id, now=NOW),
        [(FULL, DONE, 2, 0), (TWO, DONE, 0, 2)],
    ),
}
"""The limit, the operation, and every allowed result: both outcomes, and how many each user has then.

verification/simulation explores adoptions beside other operations too.
"""


@pytest.mark.parametrize("ours_is_the_adoption", [True, False], ids=["interrupted", "interrupting"])
@pytest.mark.parametrize("name", RACES)
def test_an_adoption_and_another_operation_take_effect_one_after_the_other(
    backend: Backend, name: str, *, ours_is_the_adoption: bool
) -> None:
    limit, concurrent, expected = RACES[name]

    def race(ours: ConfigurationStore, theirs: ConfigurationStore, user: str) -> tuple[Act, Act]:
        ann, bob = f"ann-{user}", f"bob-{user}"
        own = a_configuration(bob)
        held = [*two_of(ours, ann), own]
        ours.add(own, limit=limit)
        adopting, other = (ours, theirs) if ours_is_the_adoption else (theirs, ours)
        acts = (lambda: str(len(adopt(adopting, ann, bob, limit=limit))), lambda: concurrent(other, ann, bob, held))
        return acts if ours_is_the_adoption else (acts[1], acts[0])

    for store, user, outcomes in at_every_interleaving(backend, race):
        theirs, ours = outcomes
        adoption, other = (ours, theirs) if ours_is_the_adoption else (theirs, ours)
        ann, bob = f"ann-{user}", f"bob-{user}"
        of_ann, of_bob = store.list(ann), store.list(bob)
        assert (adoption, other, len(of_ann), len(of_bob)) in expected
        assert {each.expires_at for each in of_bob} <= {None}
        names = {each.name for each in (*of_ann, *of_bob, *store.list(f"other-{bob}"))}
        assert ("New" in names) == (other == "New")
        assert len(of_ann) + free_places(store, ann, limit) == limit
        assert len(of_bob) + free_places(store, bob, limit) == limit
