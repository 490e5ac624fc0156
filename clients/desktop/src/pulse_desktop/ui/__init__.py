"""The window of the collector. Only this package imports Qt."""
