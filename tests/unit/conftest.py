from __future__ import annotations

import pytest

from adapters.aws.retry import Retry, dynamodb_retry
from domain.limits import User
from tests.builders import a_user
from tests.support.retries import LongestDelays
from tests.support.services import AService
from tests.support.ticker_sources import FakeClock
from tests.support.virtual_time import VirtualTime


@pytest.fixture
def time() -> VirtualTime:
    return VirtualTime()


@pytest.fixture
def retry(time: VirtualTime) -> Retry:
    return dynamodb_retry(clock=time, sleep=time.sleep, rng=LongestDelays())


@pytest.fixture
def service() -> AService:
    return AService()


@pytest.fixture
def ann() -> User:
    return a_user("ann")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
