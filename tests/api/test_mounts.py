"""Below a mount or a stage, everything that contains a URL includes the prefix."""

from __future__ import annotations

import re

import pytest
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client

from tests.api.conftest import V2, MakeApp, a_body

ROOT = "/dev"


@pytest.fixture
def mounted(make_app: MakeApp) -> Client:
    return Client(DispatcherMiddleware(NotFound(), {ROOT: make_app()}))


def test_the_openapi_document_names_the_mount_as_server(mounted: Client) -> None:
    assert mounted.get(f"{ROOT}/openapi.json").json["servers"] == [{"url": ROOT}]


@pytest.mark.parametrize("path", ["/nothing", "/a%20b/%25", "/%C3%A9", "/api/v2/configurations"])
def test_a_problem_refers_to_urls_below_the_mount(mounted: Client, path: str) -> None:
    problem = mounted.get(ROOT + path).json

    documentation, code = problem["type"].split("#")
    assert problem["instance"] == ROOT + path
    assert documentation == f"{ROOT}/docs"
    assert f'id="{code}"' in mounted.get(documentation).get_data(as_text=True)


def test_the_location_of_a_new_configuration_is_below_the_mount(mounted: Client) -> None:
    token = mounted.post(f"{ROOT}{V2}/auth/anonymous").json["token"]
    headers = {"Authorization": f"Bearer {token}"}

    created = mounted.post(f"{ROOT}{V2}/configurations", json=a_body(), headers=headers)

    assert created.headers["Location"] == f"{ROOT}{V2}/configurations/{created.json['config_id']}"
    assert mounted.get(created.headers["Location"], headers=headers).json == created.json


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_links_below_the_mount_only(mounted: Client, path: str) -> None:
    page = mounted.get(ROOT + path).get_data(as_text=True)

    links = re.findall(r'(?:href|src|action)="(/[^"]*)"', page)
    assert links
    assert [link for link in links if not link.startswith(f"{ROOT}/")] == []
