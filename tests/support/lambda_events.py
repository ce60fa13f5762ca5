"""Events of a Lambda function, as AWS sends them."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4


def a_request(
    method: str, path: str, *, body: Any = None, stage: str = "dev", address: str = "203.0.113.9", **headers: str
) -> dict[str, Any]:
    """An event of an HTTP API (payload format 2.0): the path contains the stage; header names are in lower case."""
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": f"/{stage}{path}",
        "rawQueryString": "",
        "headers": {"host": "abc.execute-api.us-east-1.amazonaws.com", "x-forwarded-for": "6.6.6.6, 203.0.113.9"}
        | {name.lower().replace("_", "-"): value for name, value in headers.items()}
        | ({"content-type": "application/json"} if body is not None else {}),
        "requestContext": {
            "http": {"method": method, "path": f"/{stage}{path}", "sourceIp": address, "protocol": "HTTP/1.1"},
            "stage": stage,
            "requestId": uuid4().hex,
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
