"""Token verification: anonymous sessions and OpenID Connect members."""
