"""Keeps the credential mirror of every collector up to date."""
