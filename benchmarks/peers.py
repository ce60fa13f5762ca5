"""Comparisons: a raw boto3 call, and handlers in other frameworks that count first and then put.

`bare_flask` is minimal: one call to boto3 without a token, validation, revision or logs.
`fastapi_mangum` and `chalice_style` validate their input, and count the items before they put one: two concurrent
requests can exceed the limit.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from flask import Flask, Response
    from mypy_boto3_dynamodb import DynamoDBClient

LIMIT = 5
BASE = "/api/v2/configurations"
Handler = Callable[[str, str, str, str | None], tuple[int, bytes]]
"""Serves (method, path, user, body) with (status, body)."""

_FIELDS = ("config_id", "name", "timeframe_days", "include_extended_hours", "created_at", "updated_at")


def bare_flask(client: DynamoDBClient, table: str) -> Handler:
    """One call for each request. A create is the same transaction as that of the service."""
    from flask import Flask, Response, request  # noqa: PLC0415 - the start of another peer must not include it

    app = Flask("bare")
    rows = Rows(client, table)

    def _user() -> str:
        return request.headers["X-User"]

    def _json(body: Mapping[str, Any], status: int = 200) -> Response:
        return Response(json.dumps(body), status, content_type="application/json")

    @app.get(BASE)
    def list_() -> Response:
        return _json({"configurations": rows.query(_user())})

    @app.post(BASE)
    def create() -> Response:
        item = new_item(_user(), request.get_json())
        counting = {
            "TableName": table,
            "Key": {"PK": item["PK"], "SK": {"S": "QUOTA"}},
            "UpdateExpression": "ADD config_count :one",
            "ConditionExpression": "attribute_not_exists(config_count) OR config_count < :limit",
            "ExpressionAttributeValues": {":one": {"N": "1"}, ":limit": {"N": str(LIMIT)}},
        }
        client.transact_write_items(TransactItems=[{"Put": {"TableName": table, "Item": item}}, {"Update": counting}])  # type: ignore[typeddict-item]  # the shapes differ by what stands in them
        return _json(shown(item), 201)

    @app.get(f"{BASE}/<config_id>")
    def get(config_id: str) -> Response:
        item = client.get_item(TableName=table, Key=key(_user(), config_id), ConsistentRead=True)["Item"]
        return _json(shown(item))

    @app.patch(f"{BASE}/<config_id>")
    def update(config_id: str) -> Response:
        return _json(shown(rows.update(_user(), config_id, request.get_json())))

    @app.delete(f"{BASE}/<config_id>")
    def delete(config_id: str) -> Response:
        counting = {
            "TableName": table,
            "Key": {"PK": {"S": f"USER#{_user()}"}, "SK": {"S": "QUOTA"}},
            "UpdateExpression": "ADD config_count :less",
            "ExpressionAttributeValues": {":less": {"N": "-1"}},
        }
        deletion = {"TableName": table, "Key": key(_user(), config_id)}
        client.transact_write_items(TransactItems=[{"Delete": deletion}, {"Update": counting}])  # type: ignore[typeddict-item]  # the shapes differ by what stands in them
        return Response(status=204)

    return through_wsgi(app, "HTTP_X_USER")


def chalice_style(client: DynamoDBClient, table: str) -> Handler:
    """Functions that are called by method and path, as by Chalice's decorators."""
    rows = Rows(client, table)

    def handle(method: str, path: str, user: str, body: str | None) -> tuple[int, bytes]:
        config_id = path.removeprefix(BASE).lstrip("/")
        if method == "POST":
            wanted = json.loads(body or "")
            if not (isinstance(wanted.get("name"), str) and 1 <= len(wanted.get("tickers", ())) <= LIMIT):
                return 400, b"{}"
            made = rows.count_then_put(user, wanted)
            return (409, b"{}") if made is None else (201, _bytes(made))
        if method == "PATCH":
            return 200, _bytes(shown(rows.update(user, config_id, json.loads(body or ""))))
        if method == "DELETE":
            rows.delete(user, config_id)
            return 204, b""
        return 200, _bytes({"configurations": rows.query(user)} if not config_id else rows.get(user, config_id))

    return handle


def fastapi_mangum(client: DynamoDBClient, table: str) -> Handler | None:
    """FastAPI with pydantic models behind Mangum; None if requirements-bench.txt is not installed."""
    try:
        from fastapi import FastAPI, Header, HTTPException  # noqa: PLC0415 - where it is installed
        from mangum import Mangum  # noqa: PLC0415 - where it is installed
        from pydantic import BaseModel, Field  # noqa: PLC0415 - where it is installed
    except ImportError:
        return None
    app, rows = FastAPI(), Rows(client, table)

    class ConfigurationInput(BaseModel):
        name: str = Field(min_length=1, max_length=50)
        tickers: list[str] = Field(min_length=1, max_length=5)
        timeframe_days: int = Field(7, ge=1, le=365)
        include_extended_hours: bool = False

    class ConfigurationUpdate(BaseModel):
        timeframe_days: int = Field(ge=1, le=365)

    def list_(x_user: str = Header()) -> Any:
        return {"configurations": rows.query(x_user)}

    def create(draft: ConfigurationInput, x_user: str = Header()) -> Any:
        made = rows.count_then_put(x_user, draft.model_dump())
        if made is None:
            raise HTTPException(409)
        return made

    def get(config_id: str, x_user: str = Header()) -> Any:
        return rows.get(x_user, config_id)

    def update(config_id: str, changes: ConfigurationUpdate, x_user: str = Header()) -> Any:
        return shown(rows.update(x_user, config_id, changes.model_dump()))

    def delete(config_id: str, x_user: str = Header()) -> None:
        rows.delete(x_user, config_id)

    # Annotations are text here, and FastAPI would look for these classes among the module's names.
    create.__annotations__["draft"], update.__annotations__["changes"] = ConfigurationInput, ConfigurationUpdate
    app.get(BASE)(list_)
    app.post(BASE, status_code=201)(create)
    app.get(f"{BASE}/{{config_id}}")(get)
    app.patch(f"{BASE}/{{config_id}}")(update)
    app.delete(f"{BASE}/{{config_id}}", status_code=204)(delete)
    handler = Mangum(app, lifespan="off")

    def handle(method: str, path: str, user: str, body: str | None) -> tuple[int, bytes]:
        answer = handler(_event(method, path, user, body), {})
        return answer["statusCode"], answer["body"].encode()

    return handle


def through_wsgi(app: Flask, identity: str) -> Handler:
    """Call the application as a server does, with the user in the environ variable `identity`."""

    def handle(method: str, path: str, user: str, body: str | None) -> tuple[int, bytes]:
        data = (body or "").encode()
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "SCRIPT_NAME": "",
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(data),
            "wsgi.errors": sys.stderr,
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            identity: user,
        }
        if body is not None:
            environ |= {"CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(data))}
        status = 0

        def start(line: str, *_: Any) -> Callable[[bytes], None]:
            nonlocal status
            status = int(line[:3])
            return lambda _: None

        parts: Iterable[bytes] = app.wsgi_app(environ, start)
        return status, b"".join(parts)

    return handle


class Rows:
    """The table, accessed by boto3 calls."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def query(self, user: str) -> list[dict[str, Any]]:
        """All of a user's configurations."""
        page = self._client.query(
            TableName=self._table,
            KeyConditionExpression="PK = :user AND begins_with(SK, :kind)",
            ExpressionAttributeValues={":user": {"S": f"USER#{user}"}, ":kind": {"S": "CONFIG#"}},
            ConsistentRead=True,
        )
        return [shown(item) for item in page["Items"]]

    def get(self, user: str, config_id: str) -> dict[str, Any]:
        """One of them."""
        return shown(
            self._client.get_item(TableName=self._table, Key=key(user, config_id), ConsistentRead=True)["Item"]
        )

    def count_then_put(self, user: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """One more, if there were fewer than the limit a moment ago."""
        if len(self.query(user)) >= LIMIT:
            return None
        item = new_item(user, body)
        self._client.put_item(TableName=self._table, Item=item)
        return shown(item)

    def update(self, user: str, config_id: str, body: Mapping[str, Any]) -> Any:
        """What is there after another timeframe was set."""
        return self._client.update_item(
            TableName=self._table,
            Key=key(user, config_id),
            UpdateExpression="SET timeframe_days = :days, updated_at = :now",
            ExpressionAttributeValues={":days": {"N": str(body["timeframe_days"])}, ":now": {"S": _now()}},
            ReturnValues="ALL_NEW",
        )["Attributes"]

    def delete(self, user: str, config_id: str) -> None:
        """One less."""
        self._client.delete_item(TableName=self._table, Key=key(user, config_id))


def key(user: str, config_id: str) -> dict[str, Any]:
    """Where a configuration lies."""
    return {"PK": {"S": f"USER#{user}"}, "SK": {"S": f"CONFIG#{config_id}"}}


def new_item(user: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored of a new configuration, whatever the body says."""
    config_id, now = str(uuid4()), _now()
    return key(user, config_id) | {
        "config_id": {"S": config_id},
        "user_id": {"S": user},
        "name": {"S": body["name"]},
        "tickers": {"L": [{"M": {"symbol": {"S": symbol}}} for symbol in body["tickers"]]},
        "timeframe_days": {"N": str(body.get("timeframe_days", 7))},
        "include_extended_hours": {"BOOL": bool(body.get("include_extended_hours", False))},
        "created_at": {"S": now},
        "updated_at": {"S": now},
    }


def shown(item: Mapping[str, Any]) -> dict[str, Any]:
    """A stored item as JSON."""
    fields = {name: next(iter(item[name].values())) for name in _FIELDS}
    tickers = [{name: value["S"] for name, value in each["M"].items()} for each in item["tickers"]["L"]]
    return fields | {"timeframe_days": int(fields["timeframe_days"]), "tickers": tickers}


def _event(method: str, path: str, user: str, body: str | None) -> dict[str, Any]:
    """As an HTTP API sends it."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"x-user": user, "content-type": "application/json", "host": "localhost"},
        "requestContext": {
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "stage": "$default",
        },
        "body": body,
        "isBase64Encoded": False,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _bytes(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body).encode()
