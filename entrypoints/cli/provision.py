"""`provision`: what the service needs in AWS and doesn't find there."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from entrypoints.cli.table import the_table


@click.command()
@with_appcontext
def provision() -> None:
    """Make the DynamoDB table and switch on what it needs; safe to run twice."""
    with the_table() as table:
        for step in table.provision():
            click.echo(step)
