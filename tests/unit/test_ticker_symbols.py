"""The spellings of ticker symbols."""

from __future__ import annotations

import pytest

from domain.tickers import canonical_symbol
from tests.builders import code_points


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("AAPL", "AAPL"),
        ("aapl", "AAPL"),
        (" aapl\t", "AAPL"),
        ("BRK.B", "BRK.B"),
        ("brk-b", "BRK.B"),
        (" BRK/B ", "BRK.B"),
        ("A", "A"),
        ("ABCDEFGH", "ABCDEFGH"),
        ("ABCDEFGH.ABCD.ABCD", "ABCDEFGH.ABCD.ABCD"),
        ("0700", "0700"),
    ],
)
def test_case_separators_and_surrounding_blanks_are_normalized(text: str, symbol: str) -> None:
    assert canonical_symbol(text) == symbol


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("AAPL\u200b", "AAPL"),
        ("\ufeffAAPL", "AAPL"),
        ("AA\u00adPL", "AAPL"),
        ("\u200e AAPL \u200f", "AAPL"),
        ("AAPL\ufe0f", "AAPL"),
        ("\uff21\uff21\uff30\uff2c", "AAPL"),
        ("\uff42\uff52\uff4b\uff0e\uff42", "BRK.B"),
        ("BRK\u2013B", "BRK.B"),
        ("BRK\u2010B", "BRK.B"),
        ("BRK\u2011B", "BRK.B"),
        ("BRK\u2014B", "BRK.B"),
        ("BRK\u2212B", "BRK.B"),
        ("BRK\uff0dB", "BRK.B"),
        ("BRK\u2044B", "BRK.B"),
        ("BRK\u2215B", "BRK.B"),
    ],
    ids=code_points,
)
def test_characters_that_pasted_text_contains_are_removed_or_mapped(text: str, symbol: str) -> None:
    assert canonical_symbol(text) == symbol


@pytest.mark.parametrize(
    ("symbol", "spellings"),
    [
        ("ACHR.WT", ["ACHR.W", "ACHR.WS", "ACHR-WT", "achr/ws", "ACHR-W"]),
        ("NE.WTA", ["NE-WTA", "NE.WS.A", "NE/WS/A", "NE.WSA", "NE.W.A", "NE.WT.A"]),
        ("GRAF.UN", ["GRAF.U", "GRAF-UN", "GRAF/U"]),
        ("TYG.RI", ["TYG.R", "TYG.RT", "TYG-RI"]),
        ("BAC.PB", ["BAC$B", "BAC^B", "BAC-PB", "BAC.PRB", "BAC.PR.B", "bac/pb"]),
        ("C.PR", ["C$R", "C-PR", "C.PRR", "C.PR.R"]),
        ("ETI.P", ["ETI$", "ETI^", "ETI-P"]),
        ("VLTO.V", ["VLTO.V", "VLTO.WI", "VLTO/WI"]),
        ("MKC.V", ["MKC.V", "MKC-V"]),
        ("BF.A", ["BF.A", "BF-A"]),
    ],
)
def test_each_source_s_suffix_means_the_same_security(symbol: str, spellings: list[str]) -> None:
    assert {canonical_symbol(spelling) for spelling in [symbol, *spellings]} == {symbol}


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ".",
        "A.",
        ".A",
        "A..B",
        "ABCDEFGHI",
        "A.ABCDE",
        "A.B.C.D",
        "A B",
        "A_B",
        "AAPL\0",
        "$AAPL",
        "stra\u00dfe",
        "\u0131bm",
        "\u212a",
        "\u200b",
        "A\nB",
    ],
    ids=code_points,
)
def test_other_text_is_not_a_symbol(text: str) -> None:
    assert canonical_symbol(text) is None
