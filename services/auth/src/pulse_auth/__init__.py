"""Sign in, refresh, revoke, keys."""
