"""The HTTP APIs as strangers meet them: fuzzed by their own OpenAPI documents, against a whole running system."""
