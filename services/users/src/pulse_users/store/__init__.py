"""The tables of users. Every method works on the caller's connection: the transaction is the action's."""
