"""pytest plugin: servers, clock, log rules, builders. Never shipped."""
