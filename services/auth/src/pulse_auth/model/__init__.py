"""The rules of auth. They do no I/O."""
