"""The identity of callers: access tokens, permissions and revocations."""
