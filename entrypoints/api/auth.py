"""`/auth`: anonymous sessions, and the user that a token identifies."""

from __future__ import annotations

from flask import Response
from flask_smorest import Blueprint

from domain.errors import IdentityUnavailable, NotAnonymous
from domain.limits import MAX_TICKERS, User, UserKind
from entrypoints.api import openapi_components as components
from entrypoints.api.account_schemas import MeSchema, SessionSchema, SignInSchema
from entrypoints.api.authentication import authenticated, bearer_token, client_address
from entrypoints.api.openapi_components import may_fail
from entrypoints.api.representations import respond, session_json, sign_in_json
from entrypoints.application import current_application
from entrypoints.rate_limits import RateLimited

blueprint = Blueprint("auth", __name__, url_prefix="/api/v2/auth", description="Sessions")


@blueprint.route("/anonymous", methods=["POST"])
@blueprint.doc(operationId="createAnonymousSession")
@blueprint.response(201, SessionSchema)
@may_fail(blueprint, RateLimited)
def create_anonymous_session() -> Response:
    """Start an anonymous session.

    Creates a user with a token for 30 days. The server stores nothing, so a lost token cannot be recovered.
    """
    app = current_application()
    app.per_address.check(client_address())
    return respond(session_json(*app.identities.issue_anonymous()), 201)


@blueprint.route("/renew", methods=["POST"])
@blueprint.doc(operationId="renewAnonymousSession", **components.SECURITY)
@blueprint.response(200, SessionSchema)
@may_fail(blueprint, *components.AUTHENTICATION_ERRORS, *components.WRITE_ERRORS, NotAnonymous)
@authenticated
def renew_anonymous_session(user: User) -> Response:
    """Renew an anonymous session.

    A token for another 30 days for the same user, whose watchlists are kept as long. A token younger than 10 days is
    returned as it is. Earlier tokens stay valid until they expire.
    """
    return respond(session_json(*current_application().accounts.renew(user, bearer_token())))


@blueprint.route("/sign-in", methods=["GET"])
@blueprint.doc(operationId="getSignIn")
@blueprint.response(200, SignInSchema)
@may_fail(blueprint, IdentityUnavailable)
def get_sign_in() -> Response:
    """Show how to sign in.

    The issuer, its endpoints and the public client. `oidc` is `null` if browsers cannot sign in here.
    """
    return respond(sign_in_json(current_application().identities.sign_in()))


@blueprint.route("/me", methods=["GET"])
@blueprint.doc(operationId="getMe", **components.SECURITY)
@blueprint.response(200, MeSchema)
@may_fail(blueprint, *components.AUTHENTICATION_ERRORS)
@authenticated
def get_me(user: User) -> Response:
    """Show the current user.

    The user that the token identifies, and their limits.
    """
    return respond(
        {
            "user_id": user.user_id,
            "auth_type": user.kind.value,
            "is_anonymous": user.kind is UserKind.ANONYMOUS,
            "session_expires_at": user.session_expires_at,
            "limits": {
                "max_configurations": current_application().settings.limits.of(user.kind),
                "max_tickers": MAX_TICKERS,
            },
        }
    )


@blueprint.route("/me", methods=["DELETE"])
@blueprint.doc(operationId="deleteMe", **components.SECURITY)
@blueprint.response(204)
@may_fail(blueprint, *components.AUTHENTICATION_ERRORS, *components.WRITE_ERRORS)
@authenticated
def delete_me(user: User) -> Response:
    """Delete everything.

    Erases all that the user holds. Repeat it until it is answered. The token stays valid.
    """
    current_application().accounts.erase(user)
    return Response(status=204)
