"""Malformed and malicious requests to a running server."""
