"""The tables of the users service. Every method uses the caller's connection: the action owns the transaction."""
