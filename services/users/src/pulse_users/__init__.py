"""Accounts: the source of truth."""
