"""Readings in, PostgreSQL, acks out; history; the live view."""
