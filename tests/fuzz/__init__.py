"""Mutated messages, HTTP requests and events against a whole gateway."""
