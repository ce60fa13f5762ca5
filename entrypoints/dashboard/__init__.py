"""The dashboard: one page at `/`, and the static files of all pages."""

from __future__ import annotations

import hashlib
import mimetypes
import re
from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

from flask import Blueprint, Response, abort, render_template

from domain.errors import IdentityUnavailable
from domain.sign_in import SignIn
from entrypoints.application import current_application
from entrypoints.assets import REVALIDATED, Asset

blueprint = Blueprint("dashboard", __name__, template_folder="templates")

PAGE_POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""No inline code, no foreign host, and no text that becomes markup (CSP level 3, Trusted Types)."""

IMMUTABLE = "public, max-age=31536000, immutable"
KEPT_FOR_A_WEEK = "private, max-age=604800"
"""A return visit shows the page without a request. The page then renews the stored copy for the next visit."""

_SERVED = (".css", ".js", ".md", ".svg", ".ts")
_VENDORED = "oauth4webapi.js"
_RECOVERY = "theme.js"
"""A script without imports, which every page loads first."""
_COMMENT_LINES = re.compile(rb"^[ ]*(?://[^\n]*|/\*(?:(?!\*/).)*\*/)\n", re.MULTILINE | re.DOTALL)
_TYPES = re.compile(rb"/\*\* @type [^\n]*?\*/ ?")
_INDENTATION = re.compile(rb"^\s+", re.MULTILINE)
_BREAK_AT_BRACKET = re.compile(rb"^((?:(?!//).)*)(?:(?<=[{(\[,])\n|\n(?=[})\]]))", re.MULTILINE)
_CSS_SPACE = re.compile(rb"\s*([{};,])\s*|(?<=:)\s+")
_STATIC_IMPORT = re.compile(rb"^(?:import|export|\})[^;(]*\"\./([\w-]+\.js)\";", re.MULTILINE)


@cache
def sources() -> dict[str, Asset]:
    """Return every file by its name. Only these names are served, so that no path leaves the folder."""
    # Apart, because TypeScript would check the page against a declaration file beside a module, not against the module.
    folders = (files(__name__).joinpath(name) for name in ("static", "types"))
    paths = sorted((path for folder in folders for path in folder.iterdir() if path.name.endswith(_SERVED)), key=str)
    return {path.name: _asset(path.name, path.read_bytes()) for path in paths}


@cache
def assets() -> dict[str, Asset]:
    """Return the files as the page loads them: without comments, which are a third of their compressed size."""
    return {name: _asset(name, _shortened(name, source.body)) for name, source in sources().items()}


@cache
def modules() -> list[str]:
    """Return the modules that the page always loads: `dashboard.js` and what it imports. Others are imported later."""
    found = ["dashboard.js"]
    for name in found:
        imported = {match.decode() for match in _STATIC_IMPORT.findall(assets()[name].body)}
        found += sorted(imported.difference(found))
    return found


@cache
def version() -> str:
    """Return a hash of all files. It is part of their URLs, so that browsers can cache them without revalidation."""
    return hashlib.sha256(b"".join(asset.body for asset in assets().values())).hexdigest()[:12]


def respond_page(html: str, sign_in: SignIn | None, cache_control: str = REVALIDATED) -> Response:
    """Return the response with a page of HTML and its content security policy."""
    return Asset.of(html.encode(), "text/html; charset=utf-8").respond(cache_control, policy=_page_policy(sign_in))


def readable_sign_in() -> tuple[SignIn | None, bool]:
    """Return what a browser needs to sign in, and whether the issuer's documents, which say so, can be read."""
    try:
        return current_application().identities.sign_in(), True
    except IdentityUnavailable:
        return None, False


@blueprint.get("/")
def page() -> Response:
    """Return the page, which is the same for all users."""
    settings = current_application().settings
    sign_in, is_readable = readable_sign_in()
    html = render_template(
        "dashboard.html",
        version=version(),
        modules=modules(),
        faults=settings.faults,
        member_limit=settings.limits.member if sign_in else None,
        sign_in_unavailable=not is_readable,
        # Without a published list the bundled one is authoritative, and the page shows no notice.
        bundled_is_fallback=settings.ticker_bucket is not None,
    )
    return respond_page(html, sign_in, KEPT_FOR_A_WEEK if is_readable else REVALIDATED)


@blueprint.get("/static/<requested>/<name>")
def versioned(requested: str, name: str) -> Response:
    """Return a file of the current version, so that a page never gets modules of two versions.

    A stored page whose files are gone gets the script that loads it again.
    """
    if requested == version():
        return _find(assets(), name).respond(IMMUTABLE)
    return _find({_RECOVERY: assets()[_RECOVERY]}, name).respond()


@blueprint.get("/static/<name>")
def latest(name: str) -> Response:
    """Return a file with its comments, at a permanent URL: other sites import or copy `config-api.js` and its types."""
    return _find(sources(), name).respond()


def _page_policy(sign_in: SignIn | None) -> str:
    """Allow requests to the issuer's token endpoint, where members can sign in."""
    if sign_in is None:
        return PAGE_POLICY
    scheme, host, *_ = urlsplit(sign_in.endpoints.token)
    return f"{PAGE_POLICY}; connect-src 'self' {scheme}://{host}"


def _find(available: dict[str, Asset], name: str) -> Asset:
    return available.get(name) or abort(404)


def _asset(name: str, body: bytes) -> Asset:
    # `mimetypes` takes .ts for video.
    known = {"js": "text/javascript", "ts": "application/typescript"}
    kind = known.get(name.rpartition(".")[2]) or mimetypes.guess_type(name)[0]
    return Asset.of(body, f"{kind}; charset=utf-8")


def _shortened(name: str, source: bytes) -> bytes:
    """Remove comments on lines of their own, type annotations, indentation and line breaks at brackets.

    The work of others is not changed, nor is a line break after a comment.
    """
    if not name.endswith((".js", ".css")) or name == _VENDORED:
        return source
    code = _COMMENT_LINES.sub(b"", source)
    if name.endswith(".css"):
        return _CSS_SPACE.sub(rb"\1", code)
    return _BREAK_AT_BRACKET.sub(rb"\1", _INDENTATION.sub(b"", _TYPES.sub(b"", code)))
