"""`/docs`: the OpenAPI document as a page, with a curl command and a form for each operation."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, render_template
from markupsafe import Markup, escape

from entrypoints.api.openapi import document
from entrypoints.api.problems import ALL
from entrypoints.dashboard import readable_sign_in, respond_page, version

blueprint = Blueprint("api_docs", __name__, template_folder="templates")

_CODES = frozenset(problem.code for problem in ALL)


@blueprint.get("/docs")
def page() -> Response:
    """Return the page, which is the same for all users."""
    sign_in, _ = readable_sign_in()
    return respond_page(
        render_template(
            "docs.html",
            spec=document(),
            operations=_operations(),
            problems=ALL,
            version=version(),
            example=example,
            as_json=_as_json,
        ),
        sign_in,
    )


def example(schema: Mapping[str, Any]) -> Any:
    """A value of the schema, made of the examples in the document; empty without an example."""
    if "$ref" in schema:
        return example(document()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]])
    if "properties" in schema:
        return {name: example(field) for name, field in schema["properties"].items()}
    if "items" in schema and "example" not in schema:
        return [example(schema["items"])]
    return schema.get("example", schema.get("default", ""))


def _operations() -> list[dict[str, Any]]:
    return [
        {
            **operation,
            "path": path,
            "method": method,
            "parameters": [*item.get("parameters", []), *operation.get("parameters", [])],
        }
        for path, item in document()["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    ]


def _as_json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


@blueprint.app_template_filter("code")
def _code(text: str) -> Markup:
    """Escaped, with text between backticks as code; the code of a problem leads to its row."""
    return Markup(re.sub("`(.+?)`", _code_element, str(escape(text))))  # nosec # noqa: S704 - escaped before


def _code_element(match: re.Match[str]) -> str:
    element = f"<code>{match[1]}</code>"
    return f'<a href="#{match[1]}">{element}</a>' if match[1] in _CODES else element


@blueprint.app_template_filter("with_fields")
def _with_fields(path: str, operation_id: str) -> Markup:
    """A path, with a place for the value of each parameter in it."""
    place = rf'<span data-value="{operation_id}-\1"></span>'
    return Markup(re.sub("{(.+?)}", place, str(escape(path))))  # nosec # noqa: S704 - escaped before


@blueprint.app_template_filter("in_single_quotes")
def _in_single_quotes(text: str) -> str:
    """For a shell: inside single quotes."""
    return text.replace("'", r"'\''")
