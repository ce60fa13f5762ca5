"""Origins in the form in which browsers send them (RFC 6454 §6.2), so that CORS can compare strings."""

from __future__ import annotations

import re
from ipaddress import IPv4Address
from urllib.parse import urlsplit

_HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def serialized_origin(text: str) -> str:
    """`scheme://host` or `scheme://host:port`: lower case, punycode, without a default port or a final slash.

    Raises ValueError for what is no such origin, and for what this function cannot normalise as browsers do.
    """
    parts = urlsplit(text)
    scheme, port = parts.scheme, parts.port
    if scheme not in _DEFAULT_PORTS or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError(text)
    if text.endswith(("?", "#")) or "@" in parts.netloc or parts.netloc.endswith(":"):
        raise ValueError(text)
    host = _ascii_host(parts.hostname or "")
    return f"{scheme}://{host}" if port in {None, _DEFAULT_PORTS[scheme]} else f"{scheme}://{host}:{port}"


def _ascii_host(host: str) -> str:
    ascii_host = host.encode("idna").decode()
    # Python has IDNA 2003, browsers UTS #46. They agree where the conversion can be undone: not for "ß", for example.
    if not host.isascii() and ascii_host.encode().decode("idna") != host:
        raise ValueError(host)
    if not _HOST.fullmatch(ascii_host):
        raise ValueError(host)
    # Browsers read a host that ends in a number as an IPv4 address: 127.1 is 127.0.0.1.
    if ascii_host.rstrip(".").rpartition(".")[2].isdigit():
        return str(IPv4Address(ascii_host))
    return ascii_host
