"""The gateway's rules. They do no I/O."""
