"""The tables of users. Every method uses the caller's connection: the action owns the transaction."""
