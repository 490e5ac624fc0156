"""What users does; each change is one transaction with its version, its event and its entry in the audit trail."""
