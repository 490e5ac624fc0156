"""Tests of the HTTP APIs: fuzzing with their OpenAPI documents against a whole running system."""
