"""The table that the commands of operators use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from domain.errors import StoreUnavailable
from domain.operations import Table
from entrypoints.application import current_application


@contextmanager
def require_table() -> Iterator[Table]:
    """The table of the configured store. Raises ClickException if the store has none or cannot be reached."""
    table = current_application().table()
    if table is None:
        store = current_application().settings.store
        raise click.ClickException(f"The {store} store needs no table. Set CONFIG_API_STORE=dynamodb to work on one.")
    try:
        yield table
    except StoreUnavailable as error:
        raise click.ClickException(str(error)) from error
