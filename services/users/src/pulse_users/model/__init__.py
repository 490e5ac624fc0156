"""The rules of accounts, without any input or output."""
