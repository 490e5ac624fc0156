"""HTTP requests to actions."""
