"""The rules for accounts. They do no I/O."""
