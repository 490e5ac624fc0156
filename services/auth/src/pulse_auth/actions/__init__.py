"""What auth does. Each action is one transaction."""
