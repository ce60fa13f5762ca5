"""Origins are normalised as browsers send them, or refused."""

from __future__ import annotations

import pytest

from entrypoints.origins import serialized_origin


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://app.example.com", "https://app.example.com"),
        ("https://app.example.com/", "https://app.example.com"),
        ("HTTPS://App.Example.COM", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://app.example.com:80", "http://app.example.com"),
        ("http://app.example.com:443", "http://app.example.com:443"),
        ("http://localhost:03000", "http://localhost:3000"),
        ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://BÜCHER.example", "https://xn--bcher-kva.example"),
        ("https://日本.jp", "https://xn--wgv71a.jp"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        ("https://my_app.example.com", "https://my_app.example.com"),
    ],
)
def test_an_origin_is_normalised(text: str, origin: str) -> None:
    assert serialized_origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        *("*", "null", "app.example.com", "https://", "https:", "https://*.example.com", "ftp://app.example.com"),
        *("https://app.example.com/path", "https://app.example.com?a", "https://app.example.com#a"),
        *("https://app.example.com?", "https://app.example.com:", "https://app.example.com:port"),
        *("https://app.example.com:99999", "https://user@app.example.com", "https://a b.example", "https://a..b"),
        *("https://straße.example", "https://ﬀ.example", "https://127.1", "https://0x7f.1", "https://-a.example"),
        *("http://[::1]:3000", "https://%61.example", "https://" + "a" * 64 + ".example", "https://a.example\\b"),
    ],
)
def test_a_value_that_no_browser_sends_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - settings adds the name and the format
        serialized_origin(text)
