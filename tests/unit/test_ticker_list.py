"""The rules for a new version of the ticker list, and the use cases that apply them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest

from adapters.tickers.files import PublicTickerFiles
from domain.errors import NotFound, PublishedMeanwhile, TickerListRefused, TickersUnavailable, UnknownTicker
from domain.ticker_list import (
    PublishedTickerList,
    TickerFile,
    TickerListChange,
    check_losses,
    compare,
    merge,
    merge_rankings,
    rank,
)
from domain.ticker_services import TickerListService, TickerService
from domain.tickers import Listing, Ticker, TickerStatus
from tests.builders import NOW, AFixedList
from tests.support.sentences import is_sentence
from tests.support.ticker_sources import ARepository

TODAY = NOW.date()


def traded(symbol: str, name: str = "Some Inc.", exchange: str = "NYSE") -> Listing:
    return Listing(Ticker(symbol, name, exchange))


def delisted(symbol: str, day: date = date(2020, 1, 1), successor: str | None = None) -> Listing:
    return replace(traded(symbol), is_active=False, delisted_at=day, successor=successor)


def by_symbol(*listings: Listing) -> dict[str, Listing]:
    return {listing.ticker.symbol: listing for listing in listings}


def a_file(
    *tickers: Ticker | str, exchanges: Sequence[str] = ("NYSE",), ranked: bool = False, skipped: int = 0
) -> TickerFile:
    """A file with these tickers, or with tickers of these symbols."""
    listed = tuple(traded(each).ticker if isinstance(each, str) else each for each in tickers)
    return TickerFile(listed, frozenset(exchanges), ranked, skipped)


def a_merge(
    before: Sequence[Listing], now: Sequence[str], successors: Mapping[str, str] | None = None
) -> dict[str, Listing]:
    return merge(by_symbol(*before), [a_file(*now)], successors=successors or {}, today=TODAY)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (traded("B"), delisted("B", TODAY)),
        (traded("B", exchange="OTC"), traded("B", exchange="OTC")),
        (delisted("B", successor="A"), delisted("B", successor="A")),
        (delisted("A", successor="B"), traded("A")),
    ],
    ids=["missing", "of an exchange without a file", "still delisted", "listed again"],
)
def test_a_symbol_is_traded_if_the_file_of_its_exchange_lists_it(before: Listing, after: Listing) -> None:
    assert a_merge([before], ["A"]) == by_symbol(traded("A"), after)


def test_a_delisted_symbol_can_be_given_a_successor_at_once_or_later() -> None:
    listings = a_merge([traded("B"), delisted("C")], ["A"], successors={"B": "A", "C": "A"})

    assert (listings["B"].successor, listings["C"].successor) == ("A", "A")


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"A": "C"}, "A is not a delisted symbol"),
        ({"Z": "A"}, "Z is not a delisted symbol"),
        ({"B": "Z"}, "Z, the successor of B, is unknown"),
    ],
)
def test_an_impossible_successor_is_refused(given: dict[str, str], reason: str) -> None:
    with pytest.raises(TickerListRefused, match=reason):
        a_merge([traded("B")], ["A", "C"], successors=given)


def test_an_exchange_s_own_file_takes_precedence_over_a_ranked_file() -> None:
    ranked = a_file(
        Ticker("A", "A CORP", "NYSE"), Ticker("GONE", "GONE CORP", "NYSE"), Ticker("O", "O Inc", "OTC"), ranked=True
    )

    listings = merge({}, [ranked, a_file("A")], successors={}, today=TODAY)

    assert listings == by_symbol(traded("A"), Listing(Ticker("O", "O Inc", "OTC")))


def test_sector_and_industry_of_the_published_list_are_kept() -> None:
    before = replace(traded("A", name="Old name"), sector="Technology", industry="Software")

    assert a_merge([before], ["A"])["A"] == replace(before, ticker=traded("A").ticker)


def test_a_symbol_that_a_newer_ranking_lacks_stays_behind_its_predecessor() -> None:
    assert merge_rankings("CAD", "XAYZCB") == list("XCBAYZD")


def test_traded_listings_are_ranked_followed_by_new_and_by_delisted_ones() -> None:
    listings = by_symbol(delisted("Z"), traded("N"), traded("B"), traded("A"))

    assert list(rank(listings, "ZABX")) == ["A", "B", "N", "Z"]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (None, traded("A"), "added"),
        (None, delisted("A"), "added"),
        (delisted("A"), traded("A"), "relisted"),
        (traded("A"), delisted("A"), "delisted"),
        (traded("A"), None, "dropped"),
        (delisted("A"), None, "dropped"),
        (traded("A"), traded("A", name="New name"), "changed"),
        (delisted("A"), delisted("A", successor="B"), "changed"),
    ],
)
def test_each_kind_of_change_is_recognised(before: Listing | None, after: Listing | None, kind: str) -> None:
    lists = [{"B": traded("B")} | ({"A": listing} if listing else {}) for listing in (before, after)]

    (change,) = compare(*lists)

    assert change == TickerListChange("A", before, after)
    assert change.kind == kind


def test_up_to_a_tenth_of_the_symbols_may_be_lost() -> None:
    before = {f"S{number}" for number in range(100)}

    check_losses(before, {*sorted(before)[10:], "NEW"})

    with pytest.raises(TickerListRefused, match="it lacks 11 of 100 symbols, such as S0"):
        check_losses(before, {*sorted(before)[11:], *(f"N{number}" for number in range(50))})


A_MOMENT_LATER = NOW + timedelta(microseconds=1)
BUNDLED = by_symbol(traded("X"), traded("Y"), delisted("FB", successor="X"))


def a_service(repository: ARepository | None = None) -> TickerListService:
    return TickerListService(
        files=PublicTickerFiles(), repository=repository, bundled=lambda: BUNDLED, clock=lambda: A_MOMENT_LATER
    )


def published(*listings: Listing) -> ARepository:
    return ARepository(PublishedTickerList("etag", by_symbol(*listings)))


def test_the_first_list_is_based_on_the_bundled_list() -> None:
    candidate = a_service().build([a_file("NEW", "Y")], successors={})

    assert list(candidate.listings) == ["Y", "NEW", "X", "FB"]
    assert candidate.listings["X"] == delisted("X", TODAY)
    assert candidate.listings["FB"].successor == "X"
    assert (candidate.version, candidate.updated_at) == ("2026-11-23T12:00:00Z", A_MOMENT_LATER)
    assert candidate.based_on is None


def test_symbols_that_only_the_bundled_list_has_are_added_to_the_published_list() -> None:
    repository = published(traded("A"), delisted("Y"))

    candidate = a_service(repository).build([a_file(exchanges=[])], successors={})

    assert candidate.listings == by_symbol(traded("A"), traded("X"), delisted("Y"), delisted("FB", successor="X"))


def test_names_come_from_the_exchanges_and_the_order_from_the_ranked_file() -> None:
    ranked = a_file(
        Ticker("ZZ", "ZULU CORP", "OTHER"), Ticker("AA", "ALPHA CORP", "OTC"), ranked=True, exchanges=["OTC"], skipped=1
    )
    exchange = a_file(Ticker("MM", "Mike Inc.", "NYSE"), Ticker("ZZ", "Zulu Corporation", "NYSE"), skipped=2)

    candidate = a_service().build([ranked, exchange], successors={})

    assert list(candidate.listings)[:3] == ["ZZ", "AA", "MM"]
    assert candidate.listings["ZZ"].ticker == Ticker("ZZ", "Zulu Corporation", "NYSE")
    assert candidate.skipped == 3


def test_build_compare_and_publish_download_the_published_list_once() -> None:
    repository = published(traded("A"))
    service = a_service(repository)

    candidate = service.build([a_file("A", "B")], successors={})
    changes = service.compare_with_published(candidate)
    service.publish(candidate, force=False)

    assert [change.symbol for change in changes] == ["B", "FB", "X", "Y"], "in alphabetical order"
    assert repository.replaced == [(candidate, False)]
    assert candidate.based_on == "etag"
    assert repository.downloads == 1


def test_the_first_list_is_compared_with_the_bundled_list() -> None:
    service = a_service(ARepository())

    (change,) = service.compare_with_published(service.build([a_file("X")], successors={}))

    assert (change.symbol, change.kind) == ("Y", "delisted")


def test_a_list_that_lost_many_symbols_is_published_only_if_forced() -> None:
    repository = published(traded("A"), traded("B"))
    service = a_service(repository)
    candidate = service.build([a_file("A")], successors={})

    with pytest.raises(TickerListRefused, match="it lacks 1 of 2 symbols"):
        service.publish(candidate, force=False)
    service.publish(candidate, force=True)

    assert repository.replaced == [(candidate, True)]


def test_a_candidate_with_an_outdated_base_is_refused_even_if_forced() -> None:
    repository = published(traded("A"))
    service = a_service(repository)
    candidate = replace(service.build([a_file("A")], successors={}), based_on="older")

    with pytest.raises(PublishedMeanwhile):
        service.publish(candidate, force=True)

    assert repository.replaced == []


def test_without_a_bucket_nothing_can_be_published() -> None:
    service = a_service()
    candidate = service.build([a_file("A")], successors={})

    with pytest.raises(TickerListRefused, match=r"^no .* CONFIG_API_TICKER_BUCKET$"):
        service.publish(candidate, force=True)


@pytest.fixture
def tickers() -> TickerService:
    """Validates against a list that confirms symbols and denies none."""
    return TickerService(AFixedList(authoritative=False), rng=random.Random(0))


def test_an_invalid_symbol_is_unknown_in_every_list(tickers: TickerService) -> None:
    (result,) = tickers.validate([" ?? "])

    assert (result.symbol, result.status) == ("??", TickerStatus.UNKNOWN)
    assert is_sentence(result.message)
    with pytest.raises(NotFound, match=result.message):
        tickers.lookup("??")


def test_a_refusal_has_the_message_of_the_validation() -> None:
    with pytest.raises(UnknownTicker, match="ZZZZ is not a symbol"):
        TickerService(AFixedList(), rng=random.Random(0)).resolve(["ZZZZ"])


def test_a_search_has_a_limit(tickers: TickerService) -> None:
    assert tickers.search("a", 0) == []


def test_the_time_to_retry_after_is_random(tickers: TickerService) -> None:
    waits = []
    for _ in range(100):
        with pytest.raises(TickersUnavailable, match="ZZZZ") as refusal:
            tickers.validate(["ZZZZ"])
        waits.append(refusal.value.retry_after)

    assert timedelta(seconds=15) <= min(waits) < timedelta(seconds=20)
    assert timedelta(seconds=40) < max(waits) <= timedelta(seconds=45)
