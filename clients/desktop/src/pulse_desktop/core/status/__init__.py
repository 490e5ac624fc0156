"""What operators see: the status file, the retained bus status and the buffer's fill level."""
