"""Ten thousand tickers in memory: found by symbol, searched by symbol and by company name.

Traded tickers are numbered by their place in the list, which is their rank: results of one
kind come in the list's order. Nothing is kept as an object; the names are one text each, as
written and as compared, and a `Ticker` is made only for a result. Ways to search:

* symbols are sorted, so all that begin alike lie together and bisection finds them;
* so are the words of the names; each word knows the tickers that have it;
* what lies inside a word is found by reading through the words, a quarter of the names' text;
* what very many names have ("c", "inc") needs no look-up: reading the names in the order of
  their rank comes upon enough of them soon.
"""

from __future__ import annotations

import unicodedata
from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cached_property
from itertools import accumulate, chain, islice

from domain.tickers import Listing, Ticker, canonical_symbol, normalize_spelling

MAX_QUERY = 200
"""Characters; no name is as long, so a longer query finds nothing."""
MANY = 100
"""Names. What more than these have, is read from the names until there is enough, rather than looked up and sorted."""

_LAST = "\U0010ffff"
_APOSTROPHES = "'", "\u2019"
_SEPARATORS = str.maketrans(
    dict.fromkeys((chr(code) for code in range(128) if not chr(code).isalnum() and code != ord("\n")), " ")
)


class TickerIndex:
    """An immutable list of tickers; `gone` holds those that are no longer traded, which no search finds."""

    def __init__(
        self, symbols: Sequence[str], names: Sequence[str], exchanges: Sequence[str], gone: Mapping[str, Listing]
    ) -> None:
        shared: dict[str, str] = {}
        self._ranks = dict(zip(symbols, range(len(symbols)), strict=True))
        self._symbols = list(symbols)
        self._sorted_symbols = sorted(symbols)
        self._names = _Lines(names)
        self._exchanges = [shared.setdefault(exchange, exchange) for exchange in exchanges]
        self._gone = dict(gone)

    def __len__(self) -> int:
        """The number of symbols, traded or not."""
        return len(self._symbols) + len(self._gone)

    @property
    def symbols(self) -> tuple[str, ...]:
        """All symbols: those that are traded in their order, then the others."""
        return (*self._symbols, *self._gone)

    @property
    def traded(self) -> AbstractSet[str]:
        """The symbols that are traded."""
        return self._ranks.keys()

    def find(self, symbol: str) -> Listing | None:
        """What is known of a canonical symbol."""
        rank = self._ranks.get(symbol)
        return self._gone.get(symbol) if rank is None else Listing(self._ticker(rank))

    def prepare(self) -> None:
        """Do now what the first search by name would do: half of the work of loading, which looking up needs not."""
        self._words  # noqa: B018 - it is kept once it was asked for

    @cached_property
    def _words(self) -> _Words:
        return _Words(self._names)

    def search(self, query: str, limit: int) -> list[Ticker]:
        """The exact symbol, symbols and then words of names that begin so, then names that hold it; once each."""
        text = query.strip()
        if not text or len(text) > MAX_QUERY:
            return []
        found: dict[int, None] = {}
        for ranks in self._matches(text):
            for rank in ranks:
                found[rank] = None
                if len(found) == limit:
                    return [self._ticker(rank) for rank in found]
        return [self._ticker(rank) for rank in found]

    def _matches(self, text: str) -> Iterator[Iterable[int]]:
        """Ranks, one kind of match after the other."""
        symbol = canonical_symbol(text)
        if symbol in self._ranks:
            yield (self._ranks[symbol],)
        yield self._with_prefix(normalize_spelling(text))
        terms = _compared(text).split()
        if terms:
            yield self._words.beginning_with(terms)
        if len(terms) == 1:
            yield self._words.containing(terms[0])

    def _with_prefix(self, prefix: str) -> Iterable[int]:
        low = bisect_left(self._sorted_symbols, prefix)
        high = bisect_left(self._sorted_symbols, prefix + _LAST, lo=low)
        if high - low > MANY:
            return (rank for rank, symbol in enumerate(self._symbols) if symbol.startswith(prefix))
        return sorted(self._ranks[symbol] for symbol in self._sorted_symbols[low:high])

    def _ticker(self, rank: int) -> Ticker:
        return Ticker(self._symbols[rank], self._names[rank], self._exchanges[rank])


class _Words:
    """The companies' names as words, each of which begins after a blank."""

    def __init__(self, names: _Lines) -> None:
        lines = [" " + line for line in _compared(names.text).split("\n")]
        ranks: defaultdict[str, list[int]] = defaultdict(list)
        for rank, line in enumerate(lines):
            for word in line.split():
                ranks[word].append(rank)
        words = sorted(ranks)
        self._names = _Lines(lines)
        self._words = words
        self._vocabulary = _Lines(words)
        self._ranks = array("I", chain.from_iterable(map(ranks.__getitem__, words)))
        self._ends = array("I", accumulate((len(ranks[word]) for word in words), initial=0))

    def beginning_with(self, terms: Sequence[str]) -> Iterator[int]:
        """Ranks of names in which every term begins a word, best first."""
        ranks, *others = sorted(map(self._of_words_from, terms), key=len)
        if not others:
            return self._best_first(ranks, " " + terms[0])
        if len(ranks) > MANY:
            return iter(sorted(set(ranks).intersection(*others)))
        return (rank for rank in sorted(ranks) if all(" " + term in self._names[rank] for term in terms))

    def containing(self, term: str) -> Iterator[int]:
        """Ranks of names with the term anywhere in a word, best first."""
        ranks = chain.from_iterable(map(self._of_word, self._vocabulary.having(term)))
        return self._best_first(list(islice(ranks, MANY + 1)), term)

    def _best_first(self, ranks: Sequence[int], needle: str) -> Iterator[int]:
        """The ranks in order; where they are many, those of the names with the needle, as far as they are asked for."""
        return self._names.having(needle) if len(ranks) > MANY else iter(sorted(ranks))

    def _of_word(self, word: int) -> Sequence[int]:
        return self._ranks[self._ends[word] : self._ends[word + 1]]

    def _of_words_from(self, prefix: str) -> Sequence[int]:
        low = bisect_left(self._words, prefix)
        high = bisect_left(self._words, prefix + _LAST, lo=low)
        return self._ranks[self._ends[low] : self._ends[high]]


class _Lines:
    """Many strings without line breaks as one."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.text = "\n".join(lines)
        self._starts = array("I", accumulate((len(line) + 1 for line in lines), initial=0))

    def __getitem__(self, line: int) -> str:
        return self.text[self._starts[line] : self._starts[line + 1] - 1]

    def having(self, needle: str) -> Iterator[int]:
        """The lines that contain it, each once, in order."""
        at = self.text.find(needle)
        while at >= 0:
            line = bisect_right(self._starts, at) - 1
            yield line
            at = self.text.find(needle, self._starts[line + 1])


def _compared(text: str) -> str:
    """Names or a query as they are compared: without case, accents and apostrophes, other signs as blanks."""
    if not text.isascii():
        text = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    for apostrophe in _APOSTROPHES:
        text = text.replace(apostrophe, "")
    return text.casefold().translate(_SEPARATORS)
