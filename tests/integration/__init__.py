"""Tests of several real programs together."""
