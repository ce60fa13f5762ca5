"""The API conforms to its OpenAPI document, and the committed document is the served one."""

from __future__ import annotations

import gzip
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.schemas import BaseSchema

from domain.configurations import MAX_NAME
from domain.text import is_one_visible_line
from entrypoints.bootstrap import create_app
from tests.api.conftest import SETTINGS, V2, MakeApp, a_session
from tests.builders import AFixedList

EXAMPLES = int(os.environ.get("EXAMPLES", "25"))
"""Requests per operation; more with `EXAMPLES=500 make test ARGS=tests/api/test_openapi.py`."""

COMMITTED = Path(__file__).parents[2] / "openapi.json"


def test_the_committed_document_is_the_served_one(client: FlaskClient) -> None:
    served = client.get("/openapi.json").json

    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == served, "It drifted: run make openapi"


def test_the_document_is_valid_openapi_3_1(client: FlaskClient) -> None:
    served = client.get("/openapi.json").json

    assert served["openapi"] == "3.1.0"
    OpenAPIV31SpecValidator(served).validate()


def test_the_document_has_every_operation_of_the_api(make_app: MakeApp) -> None:
    app = make_app()
    served = app.test_client().get("/openapi.json").json["paths"]

    documented = {(method.upper(), path) for path, item in served.items() for method in item.keys() - {"parameters"}}
    assert documented == {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(V2)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }


def test_generated_clients_have_no_colliding_unused_or_wrongly_required_names(client: FlaskClient) -> None:
    document = client.get("/openapi.json").json
    schemas = document["components"]["schemas"]

    # openapi-generator's own classes.
    assert not {"Configuration", "Error", "ApiClient", "BaseAPI", "RequestArgs"} & schemas.keys()
    assert {name for name in schemas if f'"#/components/schemas/{name}"' not in json.dumps(document)} == set()
    # openapi-python-client names a local variable after the class, and another after each property.
    assert {name for name, schema in schemas.items() if name.lower() in schema.get("properties", {})} == set()
    # openapi-typescript makes a field with a default required.
    inputs = (schemas["ConfigurationInput"], schemas["ConfigurationUpdate"])
    assert not any("default" in field for schema in inputs for field in schema["properties"].values())
    assert schemas["ConfigurationInput"]["required"] == ["name", "tickers"]


def test_the_docs_page_has_a_command_for_every_operation_and_loads_nothing_from_other_hosts(
    client: FlaskClient,
) -> None:
    text = client.get("/docs", environ_overrides={"SCRIPT_NAME": "/dev"}).text

    for path, item in client.get("/openapi.json").json["paths"].items():
        for method in item.keys() - {"parameters"}:
            assert f'data-method="{method.upper()}" data-path="/dev{path}"' in text
            assert f'id="{item[method]["operationId"]}-curl">curl -i' in text
    assert "https://" not in text


@pytest.mark.parametrize("path", ["/docs", "/openapi.json"])
def test_the_documentation_is_compressed_and_answers_304(client: FlaskClient, path: str) -> None:
    plain = client.get(path)
    compressed = client.get(path, headers={"Accept-Encoding": "gzip"})

    assert gzip.decompress(compressed.data) == plain.data
    for tag, headers in ((plain, {}), (compressed, {"Accept-Encoding": "gzip"})):
        again = client.get(path, headers={"If-None-Match": tag.headers["ETag"], **headers})
        assert (again.status_code, again.data) == (304, b"")


def served_schema() -> BaseSchema:
    """The served document. Requests that need a token have one, except in checks that omit it."""
    app = create_app(replace(SETTINGS, rate_user="", rate_address=""), ticker_list=AFixedList())
    token = a_session(app.test_client())["Authorization"]
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app)

    @schema.auth()
    class ASession:
        """An anonymous session."""

        def get(self, case: Any, context: Any) -> str:  # noqa: ARG002 - their shape
            return token

        def set(self, case: Any, data: str, context: Any) -> None:  # noqa: ARG002 - their shape
            case.headers["Authorization"] = data

    return schema


schema = served_schema()


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_documented_request_is_answered_as_documented(case: Any) -> None:
    replace_what_no_schema_can_express(case)

    case.call_and_validate()


def replace_what_no_schema_can_express(case: Any) -> None:
    """Use existing symbols and visible characters in requests that must be accepted."""
    is_positive = case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE
    if not (is_positive and isinstance(case.body, dict)):
        return
    if "tickers" in case.body:
        case.body["tickers"] = ["AAPL", "BRK.B", "MSFT", "NVDA", "TSLA"][: len(case.body["tickers"])]
    if "name" in case.body and not (
        is_one_visible_line(case.body["name"].strip()) and len(case.body["name"]) <= MAX_NAME
    ):
        case.body["name"] = "Tech"
