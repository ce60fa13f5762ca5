"""The spellings of ticker symbols."""

from __future__ import annotations

import pytest

from domain.tickers import canonical_symbol
from tests.builders import code_points


@pytest.mark.parametrize(
    ("symbol", "spellings"),
    [
        ("AAPL", ["aapl", " aapl\t", "AAPL\u200b", "\ufeffAAPL", "AA\u00adPL", "\u200e AAPL \u200f", "AAPL\ufe0f"]),
        ("AAPL", ["\uff21\uff21\uff30\uff2c"]),
        ("BRK.B", ["brk-b", " BRK/B ", "\uff42\uff52\uff4b\uff0e\uff42"]),
        ("BRK.B", [f"BRK{dash}B" for dash in "\u2010\u2011\u2013\u2014\u2212\uff0d\u2044\u2215"]),
        *((longest, [longest]) for longest in ("A", "0700", "ABCDEFGH", "ABCDEFGH.ABCD.ABCD")),
    ],
)
def test_case_dashes_and_the_characters_of_pasted_text_do_not_matter(symbol: str, spellings: list[str]) -> None:
    assert {canonical_symbol(spelling) for spelling in [symbol, *spellings]} == {symbol}


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
        *("", " ", ".", "A.", ".A", "A..B", "ABCDEFGHI", "A.ABCDE", "A.B.C.D", "A B", "A_B", "AAPL\0", "$AAPL"),
        *("stra\u00dfe", "\u0131bm", "\u212a", "\u200b", "A\nB"),
    ],
    ids=code_points,
)
def test_other_text_is_not_a_symbol(text: str) -> None:
    assert canonical_symbol(text) is None
