"""`tickers`: the list of symbols, made, compared, published and asked."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import AppGroup

from domain.errors import PublishedMeanwhile, TickerListRefused, TickersUnavailable
from domain.ports import TickerChange, TickerEditor
from domain.tickers import Listing, canonical_symbol
from entrypoints.application import application

tickers = AppGroup(
    "tickers",
    help="""The list of symbols that may stand in a configuration.

    A new list is made in three steps, each of which can be looked at:

    \b
      tickers build --output new.json     download the exchanges' files
      tickers diff new.json               see what would change
      tickers publish new.json            put it into the bucket
    """,
)
list_file = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@tickers.command()
@click.argument("sources", nargs=-1)
@click.option("--output", "-o", type=click.Path(dir_okay=False, path_type=Path), default=Path("tickers.json"))
@click.option(
    "--successor",
    "successors",
    multiple=True,
    metavar="OLD=NEW",
    help="The symbol that took the place of one that vanished; may be repeated.",
)
def build(sources: tuple[str, ...], output: Path, successors: tuple[str, ...]) -> None:
    """Make a list from public files; nothing is published.

    SOURCES are paths or URLs of nasdaqlisted.txt and otherlisted.txt (Nasdaq Trader; without
    SOURCES these are downloaded) or of the SEC's company_tickers_exchange.json. A symbol that
    the last published list has and the sources don't is kept as delisted since today.
    """
    with _editor() as editor:
        files = _read(editor, sources or tuple(editor.sources))
        draft = editor.build(files, successors=dict(map(_pair, successors)))
        output.write_bytes(draft.body)
        click.echo(f"{output}: {draft.traded} traded, {len(draft.listings) - draft.traded} delisted.")
        if draft.skipped:
            click.echo(f"{draft.skipped} symbols of the sources cannot be spelled here and were left out.")
        click.echo(f"Next: tickers diff {output}")


@tickers.command()
@list_file
@click.option("--limit", default=50, show_default=True, help="How many changes to show; the counts are of all.")
def diff(file: Path, limit: int) -> None:
    """Show what publishing FILE would change.

    Compared is with the list in the bucket, or with the bundled one where none was published.
    """
    with _editor() as editor:
        changes = editor.changes(editor.open(file.read_bytes()))
    _show(changes[:limit])
    counts = Counter(change.kind for change in changes)
    summary = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    click.echo(f"{summary}." if changes else "Nothing would change.")
    if len(changes) > limit:
        click.echo(f"{limit} are shown; --limit {len(changes)} shows all.")


@tickers.command()
@list_file
@click.option("--force", is_flag=True, help="Publish it even though more than a tenth of the symbols are gone.")
def publish(file: Path, *, force: bool) -> None:
    """Put FILE in the place of the list in the bucket.

    Refused is what is no list, what lost more than a tenth of its symbols, and what was built
    before somebody else published. Running services take it up within CONFIG_API_TICKER_TTL.
    """
    with _editor() as editor:
        draft = editor.open(file.read_bytes())
        editor.publish(draft, force=force)
    settings = application().settings
    click.echo(f"Published {draft.version} to s3://{settings.ticker_bucket}/{settings.ticker_key}.")


@tickers.command()
@click.argument("symbol")
def show(symbol: str) -> None:
    """Tell what the list in use says of SYMBOL; exits with 1 if it is not traded."""
    listings = application().ticker_list.current()
    canonical = canonical_symbol(symbol)
    listing = listings.find(canonical) if canonical else None
    freshness = listings.freshness
    click.echo(_sentence(canonical or symbol, listing))
    click.echo(
        f"List: {freshness.source}, version {freshness.version}, confirmed {freshness.as_of:%Y-%m-%d %H:%M} UTC."
    )
    if not listings.authoritative and (listing is None or not listing.is_active):
        click.echo("This list is not the authority: requests for the symbol are answered 503 tickers_unavailable.")
    sys.exit(0 if listing and listing.is_active else 1)


@contextmanager
def _editor() -> Iterator[TickerEditor]:
    """The editor of the configured list; what it refuses ends the command with a sentence."""
    try:
        yield application().ticker_editor()
    except TickerListRefused as refused:
        raise click.ClickException(f"Refused: {refused}.") from refused
    except PublishedMeanwhile as lost:
        raise click.ClickException(
            "Somebody else published a list since this one was built. Build it again, and look at the diff."
        ) from lost
    except TickersUnavailable as error:
        raise click.ClickException(f"The bucket cannot be reached: {error.__cause__ or error}") from error
    except OSError as error:
        raise click.ClickException(str(error)) from error


def _read(editor: TickerEditor, sources: tuple[str, ...]) -> dict[str, bytes]:
    from rich.console import Console  # noqa: PLC0415 no Lambda loads what only commands need
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn  # noqa: PLC0415 as above

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn()
    files = {}
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        for source in sources:
            task = progress.add_task(source, total=None)

            def on_progress(read: int, size: int | None, task: TaskID = task) -> None:
                progress.update(task, completed=read, total=size)

            files[source] = editor.read(source, on_progress=on_progress)
    return files


def _show(changes: Sequence[TickerChange]) -> None:
    from rich.console import Console  # noqa: PLC0415 no Lambda loads what only commands need
    from rich.table import Table  # noqa: PLC0415 as above
    from rich.text import Text  # noqa: PLC0415 as above

    colours = {"added": "green", "relisted": "green", "delisted": "yellow", "dropped": "red", "changed": "cyan"}
    table = Table("symbol", "change", "before", "after")
    for change in changes:
        kind = Text(change.kind, style=colours[change.kind])
        table.add_row(change.symbol, kind, Text(_words(change.before)), Text(_words(change.after)))
    if changes:
        Console().print(table)


def _words(listing: Listing | None) -> str:
    if listing is None:
        return ""
    words = [listing.ticker.name, listing.ticker.exchange]
    if not listing.is_active:
        words.append(f"delisted {listing.delisted_at or ''}".strip())
    if listing.successor:
        words.append(f"now {listing.successor}")
    return ", ".join(words)


def _sentence(symbol: str, listing: Listing | None) -> str:
    return f"{symbol}: {_words(listing)}." if listing else f"{symbol}: not in the list."


def _pair(text: str) -> tuple[str, str]:
    old, _, new = (part.strip() for part in text.partition("="))
    spelled = canonical_symbol(old), canonical_symbol(new)
    if not all(spelled):
        raise click.BadParameter(f"{text!r} is not of the form FB=META", param_hint="--successor")
    return spelled[0] or "", spelled[1] or ""
