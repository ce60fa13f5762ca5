"""An AWS emulator on loopback: ministack in a process of its own, which ends with this one."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import pytest
import requests
from botocore.config import Config

from adapters.dynamodb.items import to_configuration
from adapters.dynamodb.store import DynamoDBStore
from domain.configurations import Configuration

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

START_TIMEOUT = 60.0
"""Seconds; two are usual."""

_UNTIL_STDIN_CLOSES = """
import os, runpy, sys, threading
threading.Thread(target=lambda: sys.stdin.read() or os._exit(0), daemon=True).start()
runpy.run_module("ministack", run_name="__main__")
"""
"""Also tests that are killed leave no process behind."""


@contextmanager
def ministack() -> Iterator[str]:
    """The endpoint URL of a fresh one; all that it holds goes with it."""
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    environment = os.environ | {"GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1", "LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-c", _UNTIL_STDIN_CLOSES]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(f"{endpoint}/_ministack/health", process)
            yield endpoint
        finally:
            process.terminate()


def free_port() -> int:
    """A free port of loopback."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@cache
def dynamodb_client(endpoint: str) -> DynamoDBClient:
    """A plain client, for arranging what an earlier service left and for looking at what is stored."""
    config = Config(retries={"total_max_attempts": 1}, max_pool_connections=50)
    return boto3.client("dynamodb", endpoint_url=endpoint, region_name="us-east-1", config=config)


def a_table(endpoint: str) -> str:
    """The name of a new, empty table with our keys."""
    name = f"config-api-{uuid4()}"
    dynamodb_client(endpoint).create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "PK", "AttributeType": "S"},
            {"AttributeName": "SK", "AttributeType": "S"},
        ],
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
    )
    return name


def read_state(endpoint: str, table: str, user_id: str) -> tuple[int, tuple[Configuration, ...]]:
    """How many configurations are counted for a user, and those that are stored, read past the store."""
    items = dynamodb_client(endpoint).query(
        TableName=table,
        KeyConditionExpression="PK = :user",
        ExpressionAttributeValues={":user": {"S": f"USER#{user_id}"}},
        ConsistentRead=True,
    )["Items"]
    counted = sum(int(item["config_count"]["N"]) for item in items if item["SK"]["S"] == "QUOTA")
    return counted, tuple(to_configuration(item) for item in items if item["SK"]["S"] != "QUOTA")


def a_dynamodb_store(
    endpoint: str,
    table: str,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
    seed: int | None = None,
) -> DynamoDBStore:
    """A store whose client talks to `endpoint`."""
    with with_endpoint(endpoint):
        return DynamoDBStore(table, clock=clock, sleep=sleep, rng=random.Random(seed), new_id=lambda: str(uuid4()))


_environment = Lock()


@contextmanager
def with_endpoint(endpoint: str) -> Iterator[None]:
    """A client that is built inside takes its endpoint from the environment, as it does in production."""
    with _environment, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_DYNAMODB", endpoint)
        yield


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + START_TIMEOUT
    while process.poll() is None and time.monotonic() < end:
        try:
            if requests.get(url, timeout=1).ok:
                return
        except (requests.ConnectionError, requests.Timeout):
            time.sleep(0.05)
    raise RuntimeError(f"ministack did not come up at {url}")
