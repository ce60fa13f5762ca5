"""Settings from the environment, or an error that names every wrong variable."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from domain.limits import ConfigurationLimits
from domain.sign_in import PublicClient
from entrypoints.settings import OpenIdConnect, Settings, SettingsError, StoreKind

KEY, OLD_KEY = "k" * 32, "o" * 40
DYNAMODB = {"CONFIG_API_STORE": "dynamodb", "CONFIG_API_TABLE": "configs", "CONFIG_API_SECRET_KEYS": KEY}


def refused(**environ: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as wrong:
        Settings.of({f"CONFIG_API_{name}": value for name, value in environ.items()})
    return {name.removeprefix("CONFIG_API_"): problem for name, problem in wrong.value.problems.items()}


def test_an_empty_environment_gives_the_defaults_of_the_contract() -> None:
    assert Settings.of({"PATH": "/bin", "CONFIG_API_TABLE": " "}) == Settings(
        store=StoreKind.SQLITE,
        sqlite_path=Path("var/config-api.sqlite3"),
        table=None,
        ticker_bucket=None,
        ticker_key="ticker-cache/us-symbols.json",
        ticker_ttl=timedelta(seconds=300),
        limits=ConfigurationLimits(anonymous=2, member=5),
        secret_keys=(),
        oidc=None,
        cors_origins=(),
        rate_user="30/second;900/minute",
        rate_address="20/second;300/minute",
        deadline=timedelta(seconds=5),
        log_level="INFO",
        faults=False,
    )


def test_every_variable_is_read() -> None:
    settings = Settings.of(
        DYNAMODB
        | {
            "CONFIG_API_SQLITE_PATH": "/data/db",
            "CONFIG_API_TICKER_BUCKET": "my-tickers",
            "CONFIG_API_TICKER_KEY": "us.json",
            "CONFIG_API_TICKER_TTL": "60",
            "CONFIG_API_LIMIT_ANONYMOUS": "1",
            "CONFIG_API_LIMIT_MEMBER": "100",
            "CONFIG_API_SECRET_KEYS": f" {KEY} , {OLD_KEY} ",
            "CONFIG_API_OIDC_ISSUER": "https://issuer.example.com/",
            "CONFIG_API_OIDC_AUDIENCE": "config-api",
            "CONFIG_API_OIDC_CLIENT_ID": "page",
            "CONFIG_API_OIDC_SCOPE": " openid  offline_access ",
            "CONFIG_API_OIDC_PARAMETERS": "audience=https://api.example.com&prompt=select+account%21",
            "CONFIG_API_CORS_ORIGINS": "https://a.example.com/, http://localhost:3000",
            "CONFIG_API_RATE_USER": "1/second",
            "CONFIG_API_RATE_ADDRESS": "",
            "CONFIG_API_DEADLINE": "2.5",
            "CONFIG_API_LOG_LEVEL": "debug",
        }
    )

    assert settings == Settings(
        store=StoreKind.DYNAMODB,
        sqlite_path=Path("/data/db"),
        table="configs",
        ticker_bucket="my-tickers",
        ticker_key="us.json",
        ticker_ttl=timedelta(seconds=60),
        limits=ConfigurationLimits(anonymous=1, member=100),
        secret_keys=(KEY, OLD_KEY),
        oidc=OpenIdConnect(
            "https://issuer.example.com/",
            "config-api",
            PublicClient(
                "page", "openid offline_access", {"audience": "https://api.example.com", "prompt": "select account!"}
            ),
        ),
        cors_origins=("https://a.example.com", "http://localhost:3000"),
        rate_user="1/second",
        rate_address="",
        deadline=timedelta(seconds=2.5),
        log_level="DEBUG",
    )


WRONG = {
    "STORE": ["postgres"],
    "TABLE": ["a b", "x" * 256],
    "TICKER_BUCKET": ["Not_A_Bucket"],
    "TICKER_TTL": ["0", "soon", "nan"],
    "LIMIT_ANONYMOUS": ["0", "2.5"],
    "LIMIT_MEMBER": ["101", "five"],
    "SECRET_KEYS": ["short", f"{KEY},short", ","],
    "OIDC_ISSUER": ["http://issuer.example.com", "issuer"],
    "OIDC_SCOPE": ["profile"],
    "OIDC_PARAMETERS": ["audience", "a=1&a=2", "state=x"],
    "CORS_ORIGINS": ["*", "app.example.com", "https://app.example.com, null"],
    "SQLITE_PATH": [":memory:", "sqlite:///x.db", "file:x.db?mode=ro", "$HOME/x.db", '"x.db"', "~no-such-user/x.db"],
    "RATE_USER": ["often"],
    "RATE_ADDRESS": ["1/fortnight"],
    "DEADLINE": ["1.9", "30", "inf"],
    "LOG_LEVEL": ["LOUD"],
    "FAULTS": ["yes"],
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_value_is_reported_with_the_expected_format(name: str, value: str) -> None:
    assert "takes" in refused(**{name: value})[name]


@pytest.mark.parametrize(
    ("environ", "wrong"),
    [
        ({"STORE": "dynamodb"}, {"TABLE", "SECRET_KEYS"}),
        ({"STORE": "dynamodb", "TABLE": "configs", "SECRET_KEYS": KEY, "FAULTS": "1"}, {"FAULTS"}),
        ({"OIDC_ISSUER": "https://issuer.example.com"}, {"OIDC_AUDIENCE"}),
        ({"OIDC_AUDIENCE": "config-api"}, {"OIDC_ISSUER"}),
        ({"OIDC_CLIENT_ID": "page"}, {"OIDC_ISSUER"}),
        ({"OIDC_SCOPE": "openid"}, {"OIDC_CLIENT_ID"}),
        ({"OIDC_PARAMETERS": "a=1"}, {"OIDC_CLIENT_ID"}),
    ],
    ids=lambda value: " ".join(sorted(value)),
)
def test_settings_that_do_not_fit_together_are_refused(environ: dict[str, str], wrong: set[str]) -> None:
    assert refused(**environ).keys() == wrong


def test_an_unknown_variable_is_refused_with_a_suggestion() -> None:
    assert "CONFIG_API_LIMIT_MEMBER?" in refused(LIMIT_MEMBERS="7")["LIMIT_MEMBERS"]
    assert refused(QQQQQQQQQQQQQQQQQQQQQQQ="7")["QQQQQQQQQQQQQQQQQQQQQQQ"] == "is not a setting"


@pytest.mark.parametrize(
    "variable",
    [
        *("SERVICE_HOST=10.0.0.1", "SERVICE_PORT=80", "SERVICE_PORT_HTTP=80", "STAGING_SERVICE_HOST=10.0.0.1"),
        *("PORT=tcp://10.0.0.1:80", "PORT_80_TCP=tcp://10.0.0.1:80", "PORT_80_TCP_ADDR=10.0.0.1"),
        *("PORT_53_UDP_PROTO=udp", "STAGING_PORT=tcp://10.0.0.1:80"),
    ],
)
def test_variables_that_kubernetes_sets_for_a_service_are_ignored(variable: str) -> None:
    name, value = variable.split("=")

    assert Settings.of({f"CONFIG_API_{name}": value}) == Settings()


def test_a_port_that_the_operator_sets_is_not_ignored() -> None:
    assert "is not a setting" in refused(PORT="8000")["PORT"]


def test_the_home_directory_is_expanded_in_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")

    assert Settings.of({"CONFIG_API_SQLITE_PATH": "~/x.db"}).sqlite_path == Path("/home/ann/x.db")


def test_a_path_that_is_refused_comes_with_the_alternative() -> None:
    assert "CONFIG_API_STORE=memory" in refused(SQLITE_PATH=":memory:")["SQLITE_PATH"]


def test_no_message_and_no_repr_contains_a_key() -> None:
    with pytest.raises(SettingsError) as wrong:
        Settings.of({"CONFIG_API_SECRET_KEYS": "hunter2"})

    assert "hunter2" not in str(wrong.value)
    assert KEY not in repr(Settings.of(DYNAMODB))


def test_an_issuer_on_loopback_may_use_http() -> None:
    settings = Settings.of({"CONFIG_API_OIDC_ISSUER": "http://127.0.0.1:9000", "CONFIG_API_OIDC_AUDIENCE": "me"})

    assert settings.oidc == OpenIdConnect("http://127.0.0.1:9000", "me")
