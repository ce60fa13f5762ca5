"""The adoption of an anonymous user's configurations by a member."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from domain.configurations import Configuration
from domain.errors import FieldProblem, ValidationFailed

MAX_ADOPTED = 49
"""Configurations of one adoption: two actions each, and two counts, in a transaction of at most 100 actions."""


@dataclass(frozen=True, slots=True)
class Adoption:
    """The request that a member takes over what an anonymous user holds; without `config_ids`, all of it."""

    anonymous_id: str
    member_id: str
    config_ids: Collection[str] | None = None

    def select(self, held: Iterable[Configuration]) -> tuple[Configuration, ...]:
        """Those of the anonymous user's configurations that move. Raises ValidationFailed if they are too many."""
        selected = tuple(each for each in held if self.config_ids is None or each.config_id in self.config_ids)
        if len(selected) > MAX_ADOPTED:
            detail = f"At most {MAX_ADOPTED} configurations can move at once, not {len(selected)}. Name some of them."
            raise ValidationFailed((FieldProblem("config_ids", "too_many", detail),))
        return selected

    def adopted(self, configuration: Configuration) -> Configuration:
        """The same configuration, of the member: it does not expire."""
        return replace(configuration, user_id=self.member_id, expires_at=None)
