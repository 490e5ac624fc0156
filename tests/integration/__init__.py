"""Collector and gateway together, each of them real."""
