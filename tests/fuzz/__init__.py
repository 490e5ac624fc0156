"""Mutated messages, questions and events against a whole gateway."""
