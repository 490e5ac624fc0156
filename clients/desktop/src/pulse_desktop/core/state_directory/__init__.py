"""The state directory itself: one process at a time, readable by its owner only."""
