"""Migrations of the schema `auth`, applied in order."""
