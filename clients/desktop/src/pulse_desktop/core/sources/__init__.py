"""Sources of readings. Each source runs as a supervised task."""
