"""`tickers`: build, compare, publish and query the ticker list."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from flask.cli import AppGroup

from domain.errors import PublishedMeanwhile, TickerListRefused, TickersUnavailable
from domain.ticker_list import TickerFile, TickerListChange
from domain.ticker_services import TickerListService
from domain.tickers import Listing, canonical_symbol
from entrypoints.application import current_application

tickers = AppGroup(
    "tickers",
    help="""The list of symbols that a configuration may contain.

    A new list is made in three steps, and each result can be reviewed:

    \b
      tickers build --output new.json     download the exchanges' files
      tickers diff new.json               show what would change
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
    help="The symbol that replaced a delisted one; may be repeated.",
)
def build(sources: tuple[str, ...], output: Path, successors: tuple[str, ...]) -> None:
    """Build a list from public files; nothing is published.

    SOURCES are paths or URLs of nasdaqlisted.txt and otherlisted.txt (Nasdaq Trader; without
    SOURCES these are downloaded) or of the SEC's company_tickers_exchange.json. A symbol that
    the last published list has and the sources do not is kept, as delisted today.
    """
    with _service() as service:
        files = _read_sources(service, sources or tuple(service.default_sources))
        candidate = service.build(files, successors=dict(map(_parse_successor, successors)))
        service.save(output, candidate)
        delisted = len(candidate.listings) - len(candidate.traded)
        click.echo(f"{output}: {len(candidate.traded)} traded, {delisted} delisted.")
        if candidate.skipped:
            click.echo(f"{candidate.skipped} symbols of the sources are invalid and were skipped.")
        click.echo(f"Next: tickers diff {output}")


@tickers.command()
@list_file
@click.option("--limit", default=50, show_default=True, help="How many changes to show; the counts are of all.")
def diff(file: Path, limit: int) -> None:
    """Show what publishing FILE would change.

    FILE is compared with the list in the bucket, or with the bundled list if none was published.
    """
    with _service() as service:
        changes = service.compare_with_published(service.load(file))
    _print_changes(changes[:limit])
    counts = Counter(change.kind for change in changes)
    summary = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    click.echo(f"{summary}." if changes else "Nothing would change.")
    if len(changes) > limit:
        click.echo(f"{limit} are shown; --limit {len(changes)} shows all.")


@tickers.command()
@list_file
@click.option("--force", is_flag=True, help="Publish it even if it lost more than a tenth of the symbols.")
def publish(file: Path, *, force: bool) -> None:
    """Replace the list in the bucket by FILE.

    Refused if FILE is invalid, lost more than a tenth of its symbols, or was built before another
    list was published. Running services load it within CONFIG_API_TICKER_TTL seconds.
    """
    with _service() as service:
        candidate = service.load(file)
        service.publish(candidate, force=force)
    settings = current_application().settings
    click.echo(f"Published {candidate.version} to s3://{settings.ticker_bucket}/{settings.ticker_key}.")


@tickers.command()
@click.argument("symbol")
def show(symbol: str) -> None:
    """Show the entry of SYMBOL in the list in use; exits with 1 if it is not traded."""
    snapshot = current_application().ticker_list.current()
    canonical = canonical_symbol(symbol)
    listing = snapshot.find(canonical) if canonical else None
    freshness = snapshot.freshness
    click.echo(f"{canonical or symbol}: {_describe(listing) if listing else 'not in the list'}.")
    click.echo(
        f"List: {freshness.source}, version {freshness.version}, confirmed {freshness.as_of:%Y-%m-%d %H:%M} UTC."
    )
    if not snapshot.authoritative and (listing is None or not listing.is_active):
        click.echo("This list is not authoritative: requests with this symbol get 503 tickers_unavailable.")
    sys.exit(0 if listing and listing.is_active else 1)


@contextmanager
def _service() -> Iterator[TickerListService]:
    """The service; an expected error ends the command with one sentence."""
    try:
        yield current_application().ticker_list_service()
    except TickerListRefused as refused:
        raise click.ClickException(f"Refused: {refused}.") from refused
    except PublishedMeanwhile as error:
        raise click.ClickException(
            "Another list was published since this one was built. Build it again and review the diff."
        ) from error
    except TickersUnavailable as error:
        raise click.ClickException(f"The bucket cannot be reached: {error.__cause__ or error}") from error
    except OSError as error:
        raise click.ClickException(str(error)) from error


def _read_sources(service: TickerListService, sources: tuple[str, ...]) -> list[TickerFile]:
    from rich.console import Console  # noqa: PLC0415 - only commands need it
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn  # noqa: PLC0415 - as above

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn()
    files = []
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        for source in sources:
            task = progress.add_task(source, total=None)

            def on_progress(read: int, total: int | None, task: TaskID = task) -> None:
                progress.update(task, completed=read, total=total)

            try:
                files.append(service.read_source(source, on_progress=on_progress))
            except OSError as error:
                hint = "Files can be named instead: tickers build nasdaqlisted.txt otherlisted.txt"
                raise click.ClickException(f"{error}\n{hint}") from error
    return files


def _print_changes(changes: Sequence[TickerListChange]) -> None:
    from rich.console import Console  # noqa: PLC0415 - only commands need it
    from rich.table import Table  # noqa: PLC0415 - as above
    from rich.text import Text  # noqa: PLC0415 - as above

    colours = {"added": "green", "relisted": "green", "delisted": "yellow", "dropped": "red", "changed": "cyan"}
    table = Table("symbol", "change", "before", "after")
    for change in changes:
        kind = Text(change.kind, style=colours[change.kind])
        table.add_row(change.symbol, kind, Text(_describe(change.before)), Text(_describe(change.after)))
    if changes:
        Console().print(table)


def _describe(listing: Listing | None) -> str:
    if listing is None:
        return ""
    words = [listing.ticker.name, listing.ticker.exchange]
    if not listing.is_active:
        words.append(f"delisted {listing.delisted_at or ''}".strip())
    if listing.successor:
        words.append(f"now {listing.successor}")
    return ", ".join(words)


def _parse_successor(text: str) -> tuple[str, str]:
    old, _, new = text.partition("=")
    symbols = canonical_symbol(old), canonical_symbol(new)
    if not symbols[0] or not symbols[1]:
        raise click.BadParameter(f"{text!r} is not of the form FB=META", param_hint="--successor")
    return symbols[0], symbols[1]
