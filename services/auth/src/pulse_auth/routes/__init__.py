"""HTTP to actions."""
