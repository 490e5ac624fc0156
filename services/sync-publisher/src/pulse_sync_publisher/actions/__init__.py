"""What the service does. Each action is one transaction."""
