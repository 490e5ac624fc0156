"""Migrations of the schema `sync`."""
