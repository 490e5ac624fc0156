"""The gateway's tables, one class per family of tables. All SQL is here."""
