"""The tables of auth. Every method uses the caller's connection: the action owns the transaction."""
