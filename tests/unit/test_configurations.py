"""The rules for the fields of a configuration."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import date, timedelta
from typing import Any

import pytest

from domain import configurations
from domain.configurations import MAX_INPUT_CODE_POINTS, ConfigurationInput, ConfigurationUpdate, newest_first
from domain.errors import (
    DelistedTicker,
    FieldProblem,
    IdempotencyKeyReused,
    LimitReached,
    NotFound,
    RevisionMismatch,
    ValidationFailed,
)
from domain.limits import ConfigurationLimits, UserKind
from domain.services import ConfigurationList
from domain.tickers import Listing, Ticker, TickerStatus, TickerValidation, validate_symbol
from tests.builders import NOW, a_configuration, a_draft, code_points


def problems_of(**fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as refusal:
        ConfigurationInput.of(**{"name": "Tech", "tickers": ["AAPL"]} | fields)
    return [(problem.field, problem.code) for problem in refusal.value.problems]


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["T", "two words", "İstanbul"])
def test_a_valid_name_is_kept_in_nfc(name: str) -> None:
    assert ConfigurationInput.of(name=name, tickers=["AAPL"]).name == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", ["  Tech", "Tech\n", "\t Tech \u00a0\u3000"], ids=code_points)
def test_a_name_is_trimmed(name: str) -> None:
    assert ConfigurationInput.of(name=name, tickers=["AAPL"]).name == "Tech"


def test_a_name_is_normalised_to_nfc() -> None:
    assert ConfigurationInput.of(name="Zoe\u0308", tickers=["AAPL"]).name == "Zo\u00eb"


@pytest.mark.parametrize("name", ["", " ", "\u3000\n"], ids=code_points)
def test_a_blank_name_is_too_short(name: str) -> None:
    assert problems_of(name=name) == [("name", "too_short")]


@pytest.mark.parametrize("name", ["x" * 51, "株" * 51, "👩‍👩‍👧" * 11, "ब्रह्म" * 10, "q\u0323\u0302" * 17])
def test_a_name_of_more_than_fifty_code_points_is_too_long(name: str) -> None:
    assert problems_of(name=name) == [("name", "too_long")]


@pytest.mark.parametrize("name", ["x" * 50, "👩‍👩‍👧" * 10, "e\u0301" * 50, "\u1f82" * 50], ids=code_points)
def test_a_name_of_fifty_code_points_after_nfc_is_accepted(name: str) -> None:
    decomposed = unicodedata.normalize("NFD", f"  {name} ")

    assert ConfigurationUpdate.of(name=decomposed).name == unicodedata.normalize("NFC", name)


def test_only_as_many_code_points_are_normalised_as_a_valid_name_can_have(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = []

    def normalize(_: str, text: str) -> str:
        lengths.append(len(text))
        return unicodedata.normalize("NFC", text)

    monkeypatch.setattr(configurations, "unicodedata", type("unicodedata", (), {"normalize": staticmethod(normalize)}))

    with pytest.raises(ValidationFailed, match="at most"):
        ConfigurationUpdate.of(name="a" + "\u0301\u0323" * 4000)
    assert lengths == [MAX_INPUT_CODE_POINTS + 1]


@pytest.mark.parametrize("name", ["a\0b", "a\nb", "\u202eabc", "\u200b", "a\ud800"], ids=code_points)
def test_a_name_that_is_not_one_visible_line_is_refused(name: str) -> None:
    assert problems_of(name=name) == [("name", "invalid_characters")]


# --- tickers ----------------------------------------------------------------------------------------------------------


def test_tickers_keep_their_order_in_canonical_form() -> None:
    assert a_draft(tickers=("tsla", " BRK/B ", "aapl", "Ko", "msft")).symbols == ("TSLA", "BRK.B", "AAPL", "KO", "MSFT")


def test_a_configuration_without_tickers_is_refused() -> None:
    assert problems_of(tickers=[]) == [("tickers", "too_few")]


def test_a_sixth_ticker_is_refused_without_validating_the_others() -> None:
    assert problems_of(tickers=["A", "A", "B", "C", "D", "?"]) == [("tickers", "too_many")]


def test_a_duplicate_ticker_is_reported_by_its_index() -> None:
    assert problems_of(tickers=["BRK.B", "AAPL", "brk-b", " brk/b"]) == [
        ("tickers.2", "duplicate"),
        ("tickers.3", "duplicate"),
    ]


def test_every_invalid_symbol_is_reported_by_its_index() -> None:
    assert problems_of(tickers=["AAPL", "", "?"]) == [("tickers.1", "invalid_symbol"), ("tickers.2", "invalid_symbol")]


# --- the rest ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [1, 7, 365])
def test_a_time_frame_of_1_to_365_days_is_accepted(days: int) -> None:
    assert a_draft(timeframe_days=days).timeframe_days == days


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_time_frame_out_of_range_is_refused(days: int) -> None:
    assert problems_of(timeframe_days=days) == [("timeframe_days", "out_of_range")]


def test_defaults_are_seven_days_and_regular_hours() -> None:
    assert ConfigurationInput.of(name="Tech", tickers=["AAPL"]) == ConfigurationInput(
        "Tech", ("AAPL",), 7, include_extended_hours=False
    )


def test_all_invalid_fields_are_reported_together() -> None:
    with pytest.raises(ValidationFailed) as refusal:
        ConfigurationInput.of(name="x" * 51, tickers=["?"], timeframe_days=0)

    assert refusal.value.problems == (
        FieldProblem("name", "too_long", "A name has at most 50 characters."),
        FieldProblem("tickers.0", "invalid_symbol", "A symbol looks like AAPL or BRK.B."),
        FieldProblem("timeframe_days", "out_of_range", "Between 1 and 365 days."),
    )
    assert str(refusal.value) == (
        "name: A name has at most 50 characters.; tickers.0: A symbol looks like AAPL or BRK.B.; "
        "timeframe_days: Between 1 and 365 days."
    )


# --- requests that ask for the same -----------------------------------------------------------------------------------


def test_equivalent_requests_have_the_same_fingerprint() -> None:
    first = ConfigurationInput.of(name="Zo\u00eb", tickers=["BRK.B", "AAPL"])
    again = ConfigurationInput.of(
        tickers=["brk-b", "aapl "], name=" Zoe\u0308", include_extended_hours=False, timeframe_days=7
    )

    assert first.fingerprint() == again.fingerprint()


def test_the_fingerprint_algorithm_is_stable() -> None:
    stored_long_ago = hashlib.sha256(rb'["Zo\u00eb", ["AAPL"], 7, false]').hexdigest()

    assert a_draft("Zoë").fingerprint() == stored_long_ago


def test_different_requests_have_different_fingerprints() -> None:
    drafts = [
        a_draft(),
        a_draft(name="Other"),
        a_draft(tickers=("MSFT",)),
        a_draft(tickers=("AAPL", "MSFT")),
        a_draft(tickers=("MSFT", "AAPL")),
        a_draft(timeframe_days=8),
        a_draft(include_extended_hours=True),
    ]

    assert len({draft.fingerprint() for draft in drafts}) == len(drafts)


# --- verdicts ---------------------------------------------------------------------------------------------------------


FACEBOOK = Ticker("FB", "Facebook, Inc.", "NASDAQ")


@pytest.mark.parametrize(
    ("listing", "status", "message", "ticker", "successor"),
    [
        (None, TickerStatus.UNKNOWN, "FB is not a symbol that we know.", None, None),
        (Listing(FACEBOOK), TickerStatus.VALID, "FB is traded.", FACEBOOK, None),
        (
            Listing(FACEBOOK, is_active=False, delisted_at=date(2022, 6, 9), successor="META"),
            TickerStatus.DELISTED,
            "FB is no longer traded since 2022-06-09; its successor is META.",
            FACEBOOK,
            "META",
        ),
        (
            Listing(FACEBOOK, is_active=False),
            TickerStatus.DELISTED,
            "FB is no longer traded.",
            FACEBOOK,
            None,
        ),
    ],
    ids=["unknown", "traded", "renamed", "gone"],
)
def test_a_ticker_validation_has_all_data_of_the_list(
    listing: Listing | None, status: TickerStatus, message: str, ticker: Ticker | None, successor: str | None
) -> None:
    assert validate_symbol("FB", listing) == TickerValidation("FB", status, message, ticker, successor)


# --- limits and refusals ----------------------------------------------------------------------------------------------


def test_default_limits_are_two_for_anonymous_users_and_five_for_members() -> None:
    limits = ConfigurationLimits()

    assert limits.of(UserKind.ANONYMOUS) == 2
    assert limits.of(UserKind.MEMBER) == 5
    assert ConfigurationLimits(anonymous=1, member=9).of(UserKind.MEMBER) == 9


@pytest.mark.parametrize(("held", "remaining"), [(0, 2), (1, 1), (2, 0), (3, 0)])
def test_remaining_is_never_negative(held: int, remaining: int) -> None:
    configurations = ConfigurationList(tuple(a_configuration() for _ in range(held)), max_allowed=2)

    assert configurations.remaining == remaining


def test_errors_carry_their_data() -> None:
    successor = FieldProblem("tickers.1", "delisted_ticker", "FB is no longer traded.", "META")

    assert LimitReached(2).max_allowed == 2
    assert str(LimitReached(2)) == "You already have 2 of 2 configurations. Delete one to make room."
    assert DelistedTicker((successor,)).successor == "META"
    assert str(NotFound()) == "There is no such configuration."
    assert str(RevisionMismatch()) == "The configuration was changed since you read it. Read it again, then decide."
    assert str(IdempotencyKeyReused()) == (
        "This Idempotency-Key was used for another request. Use a new key for a new request."
    )
    assert str(ValidationFailed((FieldProblem("", "wrong", "Of no field."),))) == "Of no field."


def test_newest_first_orders_ties_by_id() -> None:
    later = NOW + timedelta(microseconds=1)
    a, b, c = (a_configuration(config_id=name, at=made) for name, made in {"a": later, "b": NOW, "c": NOW}.items())

    assert newest_first([b, a, c]) == newest_first([c, b, a]) == (a, c, b)
