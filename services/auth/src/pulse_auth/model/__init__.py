"""The rules of auth, free of I/O."""
