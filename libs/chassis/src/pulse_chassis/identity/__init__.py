"""Who calls: access tokens, permissions and revocations."""
