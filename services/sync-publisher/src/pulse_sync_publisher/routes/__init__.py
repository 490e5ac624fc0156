"""HTTP under `/api/sync`."""
