"""Accounts and passwords: the source of truth."""
