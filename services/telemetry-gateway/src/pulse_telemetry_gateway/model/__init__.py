"""The gateway's rules, without I/O."""
