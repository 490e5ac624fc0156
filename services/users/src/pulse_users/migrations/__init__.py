"""Migrations of the schema `users`, applied in order."""
