"""Schemas of sessions, sign-in and users."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from domain.limits import UserKind
from domain.sign_in import TokenUse


class SessionSchema(Schema):
    """An anonymous session. The service does not store the token."""

    user_id = fields.String(required=True)
    token = fields.String(required=True)
    token_type = fields.String(required=True, validate=validate.Equal("Bearer"))
    auth_type = fields.String(required=True, validate=validate.Equal(UserKind.ANONYMOUS.value))
    created_at = fields.DateTime(required=True)
    session_expires_at = fields.DateTime(required=True)


class OpenIdConnectSchema(Schema):
    """The issuer and the public client, for an authorization code request with PKCE."""

    issuer = fields.String(required=True)
    client_id = fields.String(required=True)
    scope = fields.String(required=True, metadata={"example": "openid offline_access"})
    parameters = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "Further parameters of the authorization request."},
    )
    authorization_endpoint = fields.String(required=True)
    token_endpoint = fields.String(required=True)
    end_session_endpoint = fields.String(
        required=True, allow_none=True, metadata={"description": "`null` if the issuer has none."}
    )
    token_use = fields.String(
        required=True,
        validate=validate.OneOf([use.value for use in TokenUse]),
        metadata={"description": "The token of the token response that this service accepts."},
    )


class SignInSchema(Schema):
    """What a browser needs to sign in; `oidc` is `null` if it cannot sign in here."""

    oidc = fields.Nested(OpenIdConnectSchema, required=True, allow_none=True)


class LimitsSchema(Schema):
    """The limits of the user."""

    max_configurations = fields.Integer(required=True)
    max_tickers = fields.Integer(required=True)


class MeSchema(Schema):
    """The user that the token identifies."""

    user_id = fields.String(required=True)
    auth_type = fields.String(required=True, validate=validate.OneOf([kind.value for kind in UserKind]))
    is_anonymous = fields.Boolean(required=True)
    session_expires_at = fields.DateTime(required=True)
    limits = fields.Nested(LimitsSchema, required=True)
