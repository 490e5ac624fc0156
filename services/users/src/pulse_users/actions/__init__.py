"""What users does. Each change is one transaction with its version, its event and its audit entry."""
