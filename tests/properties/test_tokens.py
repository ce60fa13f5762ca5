"""A valid token identifies the user it was issued to; everything else is refused."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.identity.anonymous import AnonymousTokens
from adapters.identity.verifier import TokenVerifier
from domain.errors import ExpiredToken, InvalidToken
from domain.limits import SESSION
from tests.api.conftest import AClock
from tests.builders import NOW

KEYS = [letter * 32 for letter in "abcd"]
KEY_RINGS = st.lists(st.sampled_from(KEYS), min_size=1, unique=True)


def a_token(moment: datetime) -> str:
    return AnonymousTokens(KEYS, clock=lambda: moment).issue()[1]


TOKENS = a_token(NOW), a_token(NOW + timedelta(hours=1))
TOKEN = TOKENS[0]
END = len(TOKEN) - 1
PLACES = st.integers(0, END)


def is_not_issued(text: str) -> bool:
    return text not in TOKENS


@given(KEY_RINGS, KEY_RINGS, st.timedeltas(timedelta(0), 2 * SESSION) | st.just(SESSION))
def test_a_token_is_valid_until_it_expires_wherever_its_key_is_configured(
    issuing: list[str], reading: list[str], later: timedelta
) -> None:
    clock = AClock()
    user, token, made_at = AnonymousTokens(issuing, clock=clock).issue()
    reader = AnonymousTokens(reading, clock=clock)
    clock.now = made_at + later

    outcome: object
    try:
        outcome = reader.identify(token)
    except (InvalidToken, ExpiredToken) as refusal:
        outcome = type(refusal)

    if issuing[0] not in reading:
        assert outcome is InvalidToken
    else:
        assert outcome == (user if later < SESSION else ExpiredToken)


replaced = st.builds(lambda place, sign: TOKEN[:place] + sign + TOKEN[place + 1 :], PLACES, st.characters())
inserted = st.builds(lambda place, text: TOKEN[:place] + text + TOKEN[place:], PLACES, st.text(min_size=1, max_size=3))
spliced = st.builds(lambda one, other, token: token[:one] + TOKEN[other:], PLACES, PLACES, st.sampled_from(TOKENS))


@given((replaced | inserted | spliced | st.text() | st.text("anon_~AZaz09-", max_size=120)).filter(is_not_issued))
@example(TOKEN[:END] + chr(ord(TOKEN[END]) + 1))  # of the same bits, but for two that are not used
@example(TOKEN + "=")
@example(TOKEN[:END] + "!" + TOKEN[END:])
def test_any_other_text_is_not_a_valid_token(text: str) -> None:
    with pytest.raises(InvalidToken):
        TokenVerifier(AnonymousTokens(KEYS, clock=AClock())).identify(text)
