"""The dashboard: one page at `/`, and the files that it is made of."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.resources import files

from flask import Blueprint, Response, abort, render_template, request

from entrypoints.application import application

blueprint = Blueprint("dashboard", __name__, template_folder="templates")

PAGE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Nothing inline, nothing foreign, and no text that becomes markup (CSP level 3, Trusted Types)."""

FOREVER = "public, max-age=31536000, immutable"
REVALIDATED = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it goes over the wire."""

    body: bytes
    compressed: bytes
    content_type: str

    @classmethod
    def of(cls, name: str, body: bytes) -> Asset:
        """The file of this name."""
        kind = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
        return cls(body, gzip.compress(body, mtime=0), f"{kind}; charset=utf-8")


@cache
def assets() -> dict[str, Asset]:
    """Every file by its name, read at first use: an address that is not among them cannot be asked for."""
    folder = files(__name__).joinpath("static")
    return {path.name: Asset.of(path.name, path.read_bytes()) for path in sorted(folder.iterdir(), key=str)}


@cache
def edition() -> str:
    """Names this very set of files: part of their addresses, so that browsers may keep them for good."""
    return hashlib.sha256(b"".join(asset.body for asset in assets().values())).hexdigest()[:12]


@blueprint.get("/")
def page() -> Response:
    """The page, which is the same for everybody."""
    settings = application().settings
    html = render_template(
        "dashboard.html",
        edition=edition(),
        modules=[name for name in assets() if name.endswith(".js") and name not in {"theme.js", "faults.js"}],
        faults=settings.faults,
        # Where no list is published, the bundled one is the authority, and no reason for a banner.
        bundled_is_fallback=settings.ticker_bucket is not None,
    )
    response = _served(Asset.of("page.html", html.encode()), REVALIDATED)
    response.headers["Content-Security-Policy"] = PAGE_POLICY
    return response


@blueprint.get("/static/<version>/<name>")
def versioned(version: str, name: str) -> Response:
    """A file of this edition, for good; of another one, the file as it is now, but not for good."""
    return _served(_asset(name), FOREVER if version == edition() else REVALIDATED)


@blueprint.get("/static/<name>")
def latest(name: str) -> Response:
    """A file at an address that stays: `config-api.js` is for others to use, too."""
    return _served(_asset(name), REVALIDATED)


def _asset(name: str) -> Asset:
    return assets().get(name) or abort(404)


def _served(asset: Asset, cache_control: str) -> Response:
    compress = request.accept_encodings["gzip"] > 0
    response = Response(asset.compressed if compress else asset.body, content_type=asset.content_type)
    if compress:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Cache-Control"] = cache_control
    response.vary.add("Accept-Encoding")
    tag = hashlib.sha256(response.get_data()).hexdigest()[:16]
    response.set_etag(tag)
    if request.if_none_match.contains_weak(tag):
        response.status_code = HTTPStatus.NOT_MODIFIED
    return response
