"""The recent values of every series, for charts: in memory, and for 24 hours in `recent.db`."""
