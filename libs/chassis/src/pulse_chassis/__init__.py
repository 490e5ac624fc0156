"""What every service process is."""
