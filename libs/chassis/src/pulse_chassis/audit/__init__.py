"""The audit log over HTTP, and audit entries for refused requests."""
