"""Migrations of the schema `telemetry`, applied in order."""
