"""A pytest plugin for this repository: servers, databases, clock, and rules for log lines."""
