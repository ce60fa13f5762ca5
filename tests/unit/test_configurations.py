"""The rules for the fields of a configuration."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import date, timedelta
from typing import Any

import pytest

from domain import configurations
from domain.adoption import MAX_ADOPTED, Adoption
from domain.configurations import MAX_INPUT_CODE_POINTS, ConfigurationInput, ConfigurationUpdate, newest_first
from domain.errors import (
    DeletedSince,
    DelistedTicker,
    FieldProblem,
    IdempotencyKeyReused,
    LimitReached,
    NotAMember,
    NotAnonymous,
    NotFound,
    RevisionMismatch,
    ValidationFailed,
)
from domain.services import ConfigurationList
from domain.tickers import Listing, Ticker, TickerStatus, TickerValidation, validate_symbol
from tests.builders import NOW, a_configuration, a_draft, code_points
from tests.support.sentences import is_sentence


def problems_of(**fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(ValidationFailed) as refusal:
        ConfigurationInput.of(**{"name": "Tech", "tickers": ["AAPL"]} | fields)
    assert all(is_sentence(problem.detail) for problem in refusal.value.problems)
    return [(problem.field, problem.code) for problem in refusal.value.problems]


@pytest.mark.parametrize(
    ("name", "normalised"),
    [
        ("T", "T"),
        ("two words", "two words"),
        ("\t Tech\n \u00a0\u3000", "Tech"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("\u0130stanbul", "\u0130stanbul"),
    ],
    ids=code_points,
)
def test_a_name_is_trimmed_and_normalised_to_nfc(name: str, normalised: str) -> None:
    assert ConfigurationInput.of(name=name, tickers=["AAPL"]).name == normalised


@pytest.mark.parametrize(
    ("code", "name"),
    [
        *(("too_short", name) for name in ("", " ", "\u3000\n")),
        *(("too_long", name) for name in ("x" * 51, "株" * 51, "👩‍👩‍👧" * 11, "ब्रह्म" * 10, "q\u0323\u0302" * 17)),
        *(("invalid_characters", name) for name in ("a\0b", "a\nb", "\u202eabc", "\u200b", "a\ud800")),
    ],
    ids=lambda text: ascii(text)[1:20],
)
def test_a_name_that_is_not_one_line_of_1_to_50_code_points_is_refused(code: str, name: str) -> None:
    assert problems_of(name=name) == [("name", code)]


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

    assert problems_of(name="a" + "\u0301\u0323" * 4000) == [("name", "too_long")]
    assert lengths == [MAX_INPUT_CODE_POINTS + 1]


def test_tickers_keep_their_order_in_canonical_form() -> None:
    assert a_draft(tickers=("tsla", " BRK/B ", "aapl", "Ko", "msft")).symbols == ("TSLA", "BRK.B", "AAPL", "KO", "MSFT")


@pytest.mark.parametrize(
    ("tickers", "problems"),
    [
        ([], [("tickers", "too_few")]),
        (["A", "A", "B", "C", "D", "?"], [("tickers", "too_many")]),
        (["BRK.B", "AAPL", "brk-b", " brk/b"], [("tickers.2", "duplicate"), ("tickers.3", "duplicate")]),
        (["AAPL", "", "?"], [("tickers.1", "invalid_symbol"), ("tickers.2", "invalid_symbol")]),
    ],
    ids=["none", "six", "duplicates", "invalid"],
)
def test_every_wrong_ticker_is_reported_unless_they_are_too_many(
    tickers: list[str], problems: list[tuple[str, str]]
) -> None:
    assert problems_of(tickers=tickers) == problems


def test_a_time_frame_has_1_to_365_days() -> None:
    assert [a_draft(timeframe_days=days).timeframe_days for days in (1, 365)] == [1, 365]
    for days in (0, -1, 366):
        assert problems_of(timeframe_days=days) == [("timeframe_days", "out_of_range")]


def test_defaults_are_seven_days_and_regular_hours() -> None:
    assert a_draft() == ConfigurationInput("Tech", ("AAPL",), 7, include_extended_hours=False)


def test_all_invalid_fields_are_reported_together() -> None:
    assert problems_of(name="x" * 51, tickers=["?"], timeframe_days=0) == [
        ("name", "too_long"),
        ("tickers.0", "invalid_symbol"),
        ("timeframe_days", "out_of_range"),
    ]


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


FACEBOOK = Ticker("FB", "Facebook, Inc.", "NASDAQ")


def test_the_validation_of_a_delisted_symbol_has_all_that_the_list_knows() -> None:
    gone = validate_symbol("FB", Listing(FACEBOOK, is_active=False))
    renamed = validate_symbol("FB", Listing(FACEBOOK, is_active=False, delisted_at=date(2022, 6, 9), successor="META"))

    assert gone == TickerValidation("FB", TickerStatus.DELISTED, "FB is no longer traded.", FACEBOOK)
    assert renamed == TickerValidation("FB", TickerStatus.DELISTED, renamed.message, FACEBOOK, "META")
    assert "2022-06-09; its successor is META" in renamed.message


def test_remaining_is_not_negative_after_the_limit_was_lowered() -> None:
    assert ConfigurationList((a_configuration(), a_configuration()), max_allowed=1).remaining == 0


def test_newest_first_orders_ties_by_id() -> None:
    later = NOW + timedelta(microseconds=1)
    a, b, c = (a_configuration(config_id=name, at=made) for name, made in {"a": later, "b": NOW, "c": NOW}.items())

    assert newest_first([b, a, c]) == newest_first([c, b, a]) == (a, c, b)


def test_the_message_of_an_error_is_a_sentence() -> None:
    errors = [
        *(NotFound(), LimitReached(2), LimitReached(2, adopting=1), NotAnonymous(), NotAMember()),
        *(RevisionMismatch(), IdempotencyKeyReused(), DeletedSince("id", NOW)),
    ]

    assert [error for error in errors if not is_sentence(str(error))] == []
    assert "Nothing was moved" not in str(LimitReached(2))


def test_a_failed_validation_names_all_fields_and_the_first_successor() -> None:
    renamed = FieldProblem("tickers.1", "delisted_ticker", "Not traded.", "META")
    refusal = DelistedTicker((renamed, FieldProblem("", "wrong", "Of none.")))

    assert refusal.successor == "META"
    assert str(refusal) == "tickers.1: Not traded.; Of none."


def test_the_chosen_ones_are_adopted_or_all_but_never_too_many() -> None:
    held = [a_configuration("ann") for _ in range(MAX_ADOPTED + 1)]
    chosen = {each.config_id for each in held[1:]}

    assert Adoption("ann", "bob", chosen | {"unknown"}).select(held) == tuple(held[1:])
    with pytest.raises(ValidationFailed) as refusal:
        Adoption("ann", "bob").select(held)

    (problem,) = refusal.value.problems
    assert (problem.field, problem.code) == ("config_ids", "too_many")
    assert is_sentence(problem.detail)


def test_an_adopted_configuration_does_not_expire() -> None:
    assert Adoption("ann", "bob").adopted(a_configuration("ann", expires_at=NOW)).expires_at is None
