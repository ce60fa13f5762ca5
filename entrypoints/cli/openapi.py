"""`openapi`: the API's description, for the committed copy and for generators of clients."""

from __future__ import annotations

import json

import click
from flask import current_app
from flask.cli import with_appcontext


@click.command()
@with_appcontext
def openapi() -> None:
    """Print the OpenAPI document; `make openapi` writes it to openapi.json."""
    served = current_app.test_client().get("/openapi.json").get_json()
    click.echo(json.dumps(served, indent=2, ensure_ascii=False))
